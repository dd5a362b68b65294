//go:build linux

package ring

// Flags of io_uring_setup, IORING_SETUP_….
const (
	SetupIOPoll           uint32 = 1 << iota // busy-poll block devices
	SetupSQPoll                              // a kernel thread takes the SQEs
	SetupSQAff                               // SQThreadCPU is valid
	SetupCQSize                              // CQEntries is valid (5.5)
	SetupClamp                               // clamp sizes instead of failing (5.6)
	SetupAttachWQ                            // share another ring's workers (5.6)
	SetupRDisabled                           // start disabled (5.10)
	SetupSubmitAll                           // a bad SQE does not stop the batch (5.18)
	SetupCoopTaskrun                         // no interrupt to run completions (5.19)
	SetupTaskrunFlag                         // tell by SQTaskrun (5.19)
	SetupSQE128                              // 5.19
	SetupCQE32                               // 5.19
	SetupSingleIssuer                        // one submitting thread (6.0)
	SetupDeferTaskrun                        // completions run when asked for (6.1)
	SetupNoMmap                              // the application's memory (6.5)
	SetupRegisteredFdOnly                    // 6.5
	SetupNoSQArray                           // no indirection of SQEs (6.6)
	SetupHybridIOPoll                        // 6.13
	SetupCQEMixed                            // 6.18
)

// Features that setup reports, IORING_FEAT_….
const (
	FeatSingleMMap     uint32 = 1 << iota // 5.4
	FeatNoDrop                            // 5.5
	FeatSubmitStable                      // 5.5
	FeatRWCurPos                          // 5.6
	FeatCurPersonality                    // 5.6
	FeatFastPoll                          // 5.7
	FeatPoll32Bits                        // 5.9
	FeatSQPollNonfixed                    // 5.11
	FeatExtArg                            // 5.11
	FeatNativeWorkers                     // 5.12
	FeatRsrcTags                          // 5.13
	FeatCQESkip                           // 5.17
	FeatLinkedFile                        // 5.17
	FeatRegRegRing                        // 6.3
	FeatRecvsendBundle                    // 6.10
	FeatMinTimeout                        // 6.12
	FeatRWAttr                            // 6.14
	FeatNoIOWait                          // 6.15
)

// Flags of io_uring_enter, IORING_ENTER_….
const (
	EnterGetEvents      uint32 = 1 << iota // wait for, or process, completions
	EnterSQWakeup                          // wake the SQPOLL thread
	EnterSQWait                            // wait for room in the SQ (5.10)
	EnterExtArg                            // the argument is a GetEventsArg (5.11)
	EnterRegisteredRing                    // the descriptor is a registered index (5.18)
	EnterAbsTimer                          // the timeout is absolute (6.12)
	EnterExtArgReg                         // 6.13
	EnterNoIOWait                          // do not account as iowait (6.15)
)

// Flags in the SQ ring, IORING_SQ_….
const (
	SQNeedWakeup uint32 = 1 << iota // the SQPOLL thread sleeps
	SQCQOverflow                    // completions wait for room in the CQ (5.8)
	SQTaskrun                       // completions wait for an enter (5.19)
)

// CQEventFdDisabled in the CQ ring's flags silences a registered eventfd.
const CQEventFdDisabled uint32 = 1 << 0

// Offsets of the mappings of a ring's descriptor, IORING_OFF_….
const (
	OffSQRing    uint64 = 0
	OffCQRing    uint64 = 0x8000000
	OffSQEs      uint64 = 0x10000000
	OffPbufRing  uint64 = 0x80000000
	OffPbufShift uint64 = 16
	OffMmapMask  uint64 = 0xf8000000
)

// SQRingOffsets is struct io_sqring_offsets: where things are in the SQ mapping.
type SQRingOffsets struct {
	Head, Tail, RingMask, RingEntries uint32
	Flags, Dropped, Array, Resv1      uint32
	UserAddr                          uint64
}

// CQRingOffsets is struct io_cqring_offsets.
type CQRingOffsets struct {
	Head, Tail, RingMask, RingEntries uint32
	Overflow, CQEs, Flags, Resv1      uint32
	UserAddr                          uint64
}

// Params is struct io_uring_params, io_uring_setup's argument and answer.
type Params struct {
	SQEntries    uint32
	CQEntries    uint32
	Flags        uint32
	SQThreadCPU  uint32
	SQThreadIdle uint32
	Features     uint32
	WQFd         uint32
	Resv         [3]uint32
	SQOff        SQRingOffsets
	CQOff        CQRingOffsets
}

// GetEventsArg is struct io_uring_getevents_arg, enter's extended argument.
type GetEventsArg struct {
	SigMask     uint64
	SigMaskSz   uint32
	MinWaitUsec uint32
	Ts          uint64 // address of a KernelTimespec, 0 = no timeout
}
