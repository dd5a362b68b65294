package host

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Seccomp is the seccomp mode of this thread: "0" none, "1" strict, "2" a filter. prctl(2) knows it without
// /proc, but is itself a call that a filter may refuse.
func (at FS) Seccomp() Fact {
	f := Fact{Source: "prctl(PR_GET_SECCOMP)"}
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	if err == nil && at == Here {
		f.Value = strconv.Itoa(mode)
		return f
	}
	return at.field("/proc/self/status", "Seccomp")
}

// Capability is a bit of capabilities(7).
type Capability uint

// The capabilities that matter to a server on io_uring.
const (
	NetBindService Capability = unix.CAP_NET_BIND_SERVICE
	IPCLock        Capability = unix.CAP_IPC_LOCK
	SysAdmin       Capability = unix.CAP_SYS_ADMIN
)

// Capable reports whether this thread has a capability in the machine's own user namespace, as capable()
// in the kernel wants it: what a user namespace gives away does not count.
func (at FS) Capable(c Capability) (bool, Fact) {
	f := Fact{Source: "capget(2)"}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if f.Err = unix.Capget(&hdr, &data[0]); f.Err != nil {
		return false, f
	}
	f.Value = "0x" + strconv.FormatUint(uint64(data[1].Effective)<<32|uint64(data[0].Effective), 16)
	if data[c/32].Effective&(1<<(c%32)) == 0 {
		return false, f
	}
	// The initial namespace maps every id onto itself (user_namespaces(7)). Without /proc nobody tells.
	ids := at.Read("/proc/self/uid_map")
	if ids.Err == nil && !slices.Equal(strings.Fields(ids.Value), []string{"0", "0", "4294967295"}) {
		f.Value += ", in a user namespace"
		f.Source += ", /proc/self/uid_map"
		return false, f
	}
	return true, f
}

// InGroup reports whether this process belongs to a group.
func InGroup(gid int) bool {
	groups, _ := os.Getgroups()
	return gid >= 0 && (os.Getegid() == gid || slices.Contains(groups, gid))
}

// ReadOnly says whether the file system at path is mounted read-only.
func ReadOnly(path string) (bool, Fact) {
	f := Fact{Source: "statfs(" + path + ")"}
	var st unix.Statfs_t
	if f.Err = unix.Statfs(path, &st); f.Err != nil {
		return false, f
	}
	if int64(st.Flags)&unix.ST_RDONLY == 0 {
		f.Value = "read-write"
		return false, f
	}
	f.Value = "ST_RDONLY"
	return true, f
}

// Processors is how many this process may run on.
func Processors() (int, Fact) {
	f := Fact{Source: "sched_getaffinity(2)"}
	var set unix.CPUSet
	if f.Err = unix.SchedGetaffinity(0, &set); f.Err != nil {
		return 0, f
	}
	f.Value = strconv.Itoa(set.Count())
	return set.Count(), f
}
