package ringwire

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/internal/host"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/ring"
)

// lookAround reads what the machine allows.
func (d *Diagnosis) lookAround(cfg *Config) {
	d.lookAtKernel()
	d.lookAtFiles()
	d.lookAtLimits(cfg)
	d.lookAtProcessors()
	d.lookAtMemory(cfg)
}

// fact notes a Fact of the host's.
func (d *Diagnosis) fact(name string, f host.Fact) {
	value := f.Value
	if f.Err != nil {
		value = f.Err.Error()
	}
	d.know(name, value, f.Source)
}

// lookAtDrivers sees whether rings got what was asked for. They do not run, so they may be asked.
func (d *Diagnosis) lookAtDrivers(drivers []conn.Driver) {
	for _, drv := range drivers {
		loop, ok := drv.(*ring.Loop)
		if !ok {
			return
		}
		if st := loop.Stats(); st.Entries < ring.DefaultEntries || st.Buffers < ring.DefaultBuffers {
			lim := host.Memlock().Fact()
			d.find("io_uring.small", SeverityAdvice,
				fmt.Sprintf("memory is short: a ring of %d entries and %d buffers, where %d and %d are wanted; bursts take more system calls",
					st.Entries, st.Buffers, ring.DefaultEntries, ring.DefaultBuffers),
				"io_uring_setup(2): ENOMEM for a larger ring; "+lim.String(), "raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=), or grant CAP_IPC_LOCK")
			return
		}
	}
}

// lookAtKernel tells what there is of io_uring.
func (d *Diagnosis) lookAtKernel() {
	rep := ring.Probe()
	d.know("kernel", rep.Release, "uname(2)")
	if rep.Refused == nil {
		var has, lacks []string
		for _, f := range ring.AllFeatures() {
			if rep.Has(f) {
				has = append(has, f.String())
			} else {
				lacks = append(lacks, f.String())
			}
		}
		d.know("io_uring has", strings.Join(has, ", "), "io_uring_setup(2), io_uring_register(2)")
		d.know("io_uring lacks", strings.Join(lacks, ", "), "io_uring_setup(2), io_uring_register(2)")
		d.lookAtSelfTest(ring.SelfTest())
	}
	at := host.Here
	d.fact("kernel.io_uring_disabled", at.Read("/proc/sys/kernel/io_uring_disabled"))
	d.fact("kernel.io_uring_group", at.Read("/proc/sys/kernel/io_uring_group"))
	mode := at.Seccomp()
	if i, err := strconv.Atoi(mode.Value); mode.Err == nil && err == nil && i < 3 {
		mode.Value += [...]string{" (none)", " (strict)", " (a filter)"}[i]
	}
	d.fact("seccomp", mode)
	has, f := at.Capable(host.SysAdmin)
	d.know("CAP_SYS_ADMIN", strconv.FormatBool(has), f.String())
	for _, hint := range at.Containers() {
		d.fact("container", hint)
	}
}

func (d *Diagnosis) lookAtSelfTest(st *ring.SelfTestResult) {
	for _, v := range []struct {
		name string
		err  error
	}{{"accept", st.Accept}, {"receive", st.Receive}, {"cancel", st.Cancel}, {"end of stream", st.Finish},
		{"bundles (not used)", st.Bundles}, {"incremental buffers (not used)", st.Incremental}} {
		value := "passed"
		if v.err != nil {
			value = v.err.Error()
		}
		d.know("self-test, "+v.name, value, "requests on loopback sockets")
	}
}

// lookAtFiles sees whether there is what is read, and may be written.
func (d *Diagnosis) lookAtFiles() {
	at := host.Here
	proc, sysctls := at.Read("/proc/self/status"), at.Read("/proc/sys/net/core/somaxconn")
	d.fact("net.core.somaxconn", sysctls)
	const backlog = "Go finds no net.core.somaxconn and listens with a backlog of 128, so that bursts of newcomers are dropped"
	switch n, _ := strconv.Atoi(sysctls.Value); {
	case proc.Err != nil:
		d.find("proc.missing", SeverityAdvice, "/proc is not mounted: limits and filters cannot be read; "+backlog, proc.String(), "mount /proc (mount -t proc proc /proc)")
	case sysctls.Err != nil:
		d.find("proc.sys", SeverityAdvice, "sysctls cannot be read: "+backlog, sysctls.String(), "let the process see /proc/sys (systemd: no ProcSubset=pid)")
	case n < 1024:
		d.find("net.somaxconn", SeverityAdvice, fmt.Sprintf("no more than %d connections wait to be accepted: bursts of newcomers are dropped", n),
			sysctls.String(), "sysctl -w net.core.somaxconn=4096")
	}
	if sys := at.Read("/sys/kernel/mm/transparent_hugepage/enabled"); sys.Err != nil && !at.Exists("/sys/kernel") {
		d.find("sys.missing", SeverityNote, "/sys is not mounted: control groups and huge pages cannot be looked at", sys.String(), "mount /sys (mount -t sysfs sysfs /sys)")
	}
	readOnly, f := host.ReadOnly("/")
	d.fact("root file system", f)
	if readOnly {
		d.find("fs.read-only", SeverityNote, "the root is mounted read-only: ringwire writes no files but unix sockets, which need a directory of their own", f.String(), "")
	}
}

// wantedFiles is how many descriptors a server should have: one for each connection, and a few.
const wantedFiles = 4096

func (d *Diagnosis) lookAtLimits(cfg *Config) {
	files, locked := host.NoFile(), host.Memlock()
	d.fact("RLIMIT_NOFILE", files.Fact())
	d.fact("RLIMIT_MEMLOCK", locked.Fact())
	if files.Err == nil && files.Soft < wantedFiles {
		d.find("limits.nofile", SeverityAdvice,
			fmt.Sprintf("%d descriptors: each connection takes one, and when there are none accepting rests until some are free", files.Soft),
			files.Fact().String(), "raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=)")
	}
	locks, f := host.Here.Capable(host.IPCLock)
	d.know("CAP_IPC_LOCK", strconv.FormatBool(locks), f.String())
	if cfg.LockMemory && !locks && locked.Err == nil && locked.Soft < memoryWanted(cfg, d.Loops) {
		d.find("memory.lock", SeverityAdvice, "Config.LockMemory: not all buffers can be locked", locked.Fact().String(), "raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=)")
	}
}

// lookAtProcessors compares the loops with what they run on.
func (d *Diagnosis) lookAtProcessors() {
	n, f := host.Processors()
	procs := runtime.GOMAXPROCS(0)
	d.fact("processors", f)
	d.know("GOMAXPROCS", strconv.Itoa(procs), "runtime.GOMAXPROCS")
	group := host.Here.Cgroup()
	d.fact("processor quota", group.CPUsFrom)
	if f.Err == nil && procs > n {
		d.find("cpu.gomaxprocs", SeverityAdvice, fmt.Sprintf("GOMAXPROCS is %d, the process may run on %d processors", procs, n), f.String(), "leave GOMAXPROCS to Go")
	}
	if d.Driver.Name != DriverURing {
		return // a netpoll loop is no thread
	}
	if f.Err == nil && d.Loops > n {
		d.find("cpu.loops", SeverityAdvice, fmt.Sprintf("%d loops on %d processors: they wait for one another", d.Loops, n), f.String(), "lower Config.Loops, or widen the affinity (taskset, CPUAffinity=)")
	}
	if float64(d.Loops) > math.Ceil(group.CPUs) {
		d.find("cpu.quota", SeverityAdvice, fmt.Sprintf("%d loops on a quota of %.2g processors: the kernel stops them in every period", d.Loops, group.CPUs),
			group.CPUsFrom.String(), "lower Config.Loops, or raise the quota (docker --cpus, CPUQuota=)")
	}
}

// memoryWanted is what the loops and the workers may map before they are told to stop.
func memoryWanted(cfg *Config, loops int) uint64 {
	a := mem.NewAllocator(cfg.memory())
	defer a.Close()
	limit := uint64(a.Stats().Limit)
	if limit == 0 {
		return math.MaxUint64 // without a limit
	}
	return uint64(loops+1) * limit
}

func (d *Diagnosis) lookAtMemory(cfg *Config) {
	group := host.Here.Cgroup()
	d.fact("memory limit", group.MemoryFrom)
	if want := memoryWanted(cfg, d.Loops); group.Memory < want {
		may := fmt.Sprintf("%d MiB (Config.MemoryLimit for each of %d loops and the workers)", want>>20, d.Loops)
		if want == math.MaxUint64 {
			may = "all there is (Config.MemoryLimit is none)"
		}
		share := group.Memory / 2 / uint64(d.Loops+1)
		d.find("cgroup.memory", SeverityAdvice,
			fmt.Sprintf("the control group has %d MiB, buffers may take %s: the kernel ends the process before ringwire counts a miss", group.Memory>>20, may),
			group.MemoryFrom.String(), fmt.Sprintf("set Config.MemoryLimit to %d MiB at most, and GOMEMLIMIT", max(1, share>>20)))
	}
	huge := host.Here.Read("/sys/kernel/mm/transparent_hugepage/enabled")
	d.fact("transparent huge pages", huge)
	if cfg.HugePages && !strings.Contains(huge.Value, "[always]") && !strings.Contains(huge.Value, "[madvise]") {
		d.find("memory.huge-pages", SeverityAdvice, "Config.HugePages: the system gives none", huge.String(), "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
	}
}
