package host

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tree writes files under a directory of the test's own.
func tree(t *testing.T, files map[string]string) FS {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return FS(root)
}

func TestRead(t *testing.T) {
	at := tree(t, map[string]string{"proc/sys/a": " 7 \n"})
	if f := at.Read("/proc/sys/a"); !f.Is("7") || f.Source != "/proc/sys/a" || f.String() != "/proc/sys/a = 7" {
		t.Errorf("got %+v", f)
	}
	f := at.Read("/proc/sys/b")
	if !errors.Is(f.Err, fs.ErrNotExist) || f.Is("") || f.String() != "/proc/sys/b: no such file or directory" {
		t.Errorf("of a missing file: %v, %+v", f, f)
	}
}

// What is unlimited on one level may be limited on another; the narrowest counts.
func TestCgroup(t *testing.T) {
	const none = uint64(Unlimited)
	for name, c := range map[string]struct {
		files    map[string]string
		memory   uint64
		cpus     float64
		from     string
		cpusFrom string
	}{
		"version 2": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "1048576\n",
			"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n",
		}, 1 << 20, 1.5, "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/a/b/cpu.max"},
		"version 2, seen from inside": {map[string]string{
			"proc/self/cgroup": "0::/not/visible\n", "sys/fs/cgroup/memory.max": "4096\n", "sys/fs/cgroup/cpu.max": "50000 100000",
		}, 4096, 0.5, "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu.max"},
		"version 1": {map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/x\n0::/\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes":   "8192\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_quota_us":           "20000\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_period_us":          "10000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":             "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us":            "10000\n",
			"sys/fs/cgroup/unified/not/looked/at/memory.max": "1\n",
		}, 8192, 2, "/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us"},
		"no limit":    {map[string]string{"proc/self/cgroup": "0::/\n"}, none, math.Inf(1), "/sys/fs/cgroup", "/sys/fs/cgroup"},
		"no /proc":    {nil, none, math.Inf(1), "/proc/self/cgroup", "/proc/self/cgroup"},
		"nonsense":    {map[string]string{"proc/self/cgroup": "what\n0::/\n", "sys/fs/cgroup/cpu.max": "x y z"}, none, math.Inf(1), "/sys/fs/cgroup", "/sys/fs/cgroup"},
		"no quota":    {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "0 0"}, none, math.Inf(1), "/sys/fs/cgroup", "/sys/fs/cgroup"},
		"zero period": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "1 0"}, none, math.Inf(1), "/sys/fs/cgroup", "/sys/fs/cgroup"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tree(t, c.files).Cgroup()
			if got.Memory != c.memory || got.MemoryFrom.Source != c.from || (got.MemoryFrom.Err == nil) != (c.memory != none) {
				t.Errorf("memory %d from %v, want %d from %s", got.Memory, got.MemoryFrom, c.memory, c.from)
			}
			if got.CPUs != c.cpus || got.CPUsFrom.Source != c.cpusFrom || (got.CPUsFrom.Err == nil) != !math.IsInf(c.cpus, 1) {
				t.Errorf("processors %v from %v, want %v from %s", got.CPUs, got.CPUsFrom, c.cpus, c.cpusFrom)
			}
		})
	}
}

func TestContainers(t *testing.T) {
	for file, want := range map[string]string{
		".dockerenv": "docker", "run/.containerenv": "podman", "proc/self/cgroup": "kubepods", "proc/self/other": "",
	} {
		hints := tree(t, map[string]string{file: "0::/kubepods/pod1\n"}).Containers()
		if want == "" && len(hints) == 0 {
			continue
		}
		if len(hints) != 1 || hints[0].Value != want || hints[0].Source != "/"+file {
			t.Errorf("with %s: %v, want %s", file, hints, want)
		}
	}
	t.Setenv("container", "oci")
	found := false
	for _, h := range Here.Containers() {
		found = found || h.Is("oci")
	}
	if !found {
		t.Error("the environment variable container was not seen")
	}
}

// The status file is what is asked elsewhere, and where prctl is refused.
func TestSeccomp(t *testing.T) {
	status := tree(t, map[string]string{"proc/self/status": "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"})
	if f := status.Seccomp(); !f.Is("2") || f.Source != "/proc/self/status Seccomp" {
		t.Errorf("from the file: %v", f)
	}
	if f := tree(t, map[string]string{"proc/self/status": "Name:\tx\n"}).Seccomp(); f.Err == nil {
		t.Errorf("without a line: %v", f)
	}
	f := Here.Seccomp()
	if want := Here.field("/proc/self/status", "Seccomp"); f.Err == nil && want.Err == nil && f.Value != want.Value {
		t.Errorf("prctl says %v, the file %v", f, want)
	}
}

// A capability counts in the machine's own user namespace only.
func TestCapable(t *testing.T) {
	inside := tree(t, map[string]string{"proc/self/uid_map": "0 1000 1\n"})
	outside := tree(t, map[string]string{"proc/self/uid_map": "         0          0 4294967295\n"})
	has, f := outside.Capable(SysAdmin)
	eff := Here.field("/proc/self/status", "CapEff")
	bits, err := strconv.ParseUint(eff.Value, 16, 64)
	if err != nil {
		t.Skip(eff)
	}
	if want := bits>>SysAdmin&1 == 1; has != want || f.Err != nil {
		t.Errorf("CAP_SYS_ADMIN: %v by %v, the kernel says %v", has, f, eff)
	}
	if has, f := inside.Capable(SysAdmin); has || bits>>SysAdmin&1 == 1 && !strings.Contains(f.Value, "user namespace") {
		t.Errorf("in a user namespace: %v by %v", has, f)
	}
}

func TestLimits(t *testing.T) {
	for _, l := range []Limit{Memlock(), NoFile()} {
		if l.Err != nil || l.Soft > l.Hard || !strings.HasPrefix(l.Fact().String(), "getrlimit(RLIMIT_") {
			t.Errorf("%+v: %v", l, l.Fact())
		}
	}
	if f := (Limit{Soft: 5, Hard: Unlimited}).Fact(); f.Value != "5 (hard unlimited)" {
		t.Errorf("got %q", f.Value)
	}
}

func TestOthers(t *testing.T) {
	if n, f := Processors(); n < 1 || f.Err != nil {
		t.Errorf("processors: %d by %v", n, f)
	}
	if _, f := ReadOnly("/"); f.Err != nil || f.Value == "" {
		t.Errorf("root: %v", f)
	}
	if _, f := ReadOnly("/nonexistent"); !errors.Is(f.Err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", f)
	}
	if InGroup(-1) || !InGroup(os.Getegid()) {
		t.Error("group -1 is nobody's, one's own one's own")
	}
}
