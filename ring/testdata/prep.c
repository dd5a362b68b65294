// Prints what liburing's prep helpers write for fixed arguments, one line each:
// name, then the entry's fields in order. See gen.sh.
#include <stdio.h>
#include <string.h>
#include "liburing.h"

#define P(off) ((void *)(0x11220000UL + (off)))

static void show(const char *name, const struct io_uring_sqe *s)
{
	printf("%s %x %x %x %x %llx %llx %x %x %x %x %x %llx %llx\n", name, s->opcode, s->flags, s->ioprio,
	       (unsigned)s->fd, (unsigned long long)s->off, (unsigned long long)s->addr, s->len, (unsigned)s->rw_flags,
	       s->buf_index, s->personality, (unsigned)s->splice_fd_in, (unsigned long long)s->addr3,
	       (unsigned long long)s->__pad2[0]);
}

#define X(name, call) do { struct io_uring_sqe e, *s = &e; memset(s, 0, sizeof e); call; show(name, s); } while (0)

int main(void)
{
	X("Nop", io_uring_prep_nop(s));
	X("Cancel", io_uring_prep_cancel(s, P(1), 3));
	X("Cancel64", io_uring_prep_cancel64(s, 0x1234567890abcdefULL, 1));
	X("CancelFd", io_uring_prep_cancel_fd(s, 7, IORING_ASYNC_CANCEL_ALL));
	X("Close", io_uring_prep_close(s, 9));
	X("CloseDirect", io_uring_prep_close_direct(s, 9));
	X("FilesUpdate", io_uring_prep_files_update(s, P(0x10), 3, 5));
	X("FixedFdInstall", io_uring_prep_fixed_fd_install(s, 4, IORING_FIXED_FD_NO_CLOEXEC));
	X("ProvideBuffers", io_uring_prep_provide_buffers(s, P(0x20), 4096, 8, 3, 100));
	X("RemoveBuffers", io_uring_prep_remove_buffers(s, 8, 3));
	X("MsgRing", io_uring_prep_msg_ring(s, 11, 12, 0xfedcba9876543210ULL, 1));
	X("MsgRingCqeFlags", io_uring_prep_msg_ring_cqe_flags(s, 11, 12, 13, 1, 0x80000001));
	X("MsgRingFd", io_uring_prep_msg_ring_fd(s, 11, 12, 13, 14, 1));
	X("MsgRingFdAlloc", io_uring_prep_msg_ring_fd_alloc(s, 11, 12, 14, 1));
	X("UringCmd", io_uring_prep_uring_cmd(s, 0x55667788, 5));
	X("Socket", io_uring_prep_socket(s, 2, 1, 6, 3));
	X("SocketDirect", io_uring_prep_socket_direct(s, 2, 1, 6, 8, 3));
	X("SocketDirectAlloc", io_uring_prep_socket_direct_alloc(s, 2, 1, 6, 3));
	X("Bind", io_uring_prep_bind(s, 5, P(0x30), 28));
	X("Listen", io_uring_prep_listen(s, 5, 128));
	X("Connect", io_uring_prep_connect(s, 5, P(0x30), 28));
	X("Accept", io_uring_prep_accept(s, 5, P(0x30), P(0x40), 0x80800));
	X("AcceptDirect", io_uring_prep_accept_direct(s, 5, P(0x30), P(0x40), 0x80800, 6));
	X("AcceptDirectAlloc", io_uring_prep_accept_direct(s, 5, P(0x30), P(0x40), 0x80800, IORING_FILE_INDEX_ALLOC));
	X("MultishotAccept", io_uring_prep_multishot_accept(s, 5, P(0x30), P(0x40), 0x80800));
	X("MultishotAcceptDirect", io_uring_prep_multishot_accept_direct(s, 5, P(0x30), P(0x40), 0x80800));
	X("Recv", io_uring_prep_recv(s, 5, P(0x50), 4096, 0x40));
	X("RecvMultishot", io_uring_prep_recv_multishot(s, 5, NULL, 0, 0x40));
	X("RecvMsg", io_uring_prep_recvmsg(s, 5, P(0x60), 0x40));
	X("RecvMsgMultishot", io_uring_prep_recvmsg_multishot(s, 5, P(0x60), 0x40));
	X("Send", io_uring_prep_send(s, 5, P(0x50), 4096, 0x4100));
	X("SendBundle", io_uring_prep_send_bundle(s, 5, 4096, 0x4100));
	X("Sendto", io_uring_prep_sendto(s, 5, P(0x50), 4096, 0x4100, P(0x30), 28));
	X("SendZC", io_uring_prep_send_zc(s, 5, P(0x50), 4096, 0x4100, 8));
	X("SendZCFixed", io_uring_prep_send_zc_fixed(s, 5, P(0x50), 4096, 0x4100, 8, 2));
	X("SendMsg", io_uring_prep_sendmsg(s, 5, P(0x60), 0x4100));
	X("SendMsgZC", io_uring_prep_sendmsg_zc(s, 5, P(0x60), 0x4100));
	X("SendMsgZCFixed", io_uring_prep_sendmsg_zc_fixed(s, 5, P(0x60), 0x4100, 2));
	X("Shutdown", io_uring_prep_shutdown(s, 5, 2));
	X("CmdSock", io_uring_prep_cmd_sock(s, SOCKET_URING_OP_SETSOCKOPT, 5, 1, 2, P(0x70), 4));
	X("CmdGetsockname", io_uring_prep_cmd_getsockname(s, 5, P(0x30), P(0x40), 1));
	X("PollAdd", io_uring_prep_poll_add(s, 5, 0x10002001));
	X("PollMultishot", io_uring_prep_poll_multishot(s, 5, 0x2001));
	X("PollRemove", io_uring_prep_poll_remove(s, 0x1234567890abcdefULL));
	X("PollUpdate", io_uring_prep_poll_update(s, 1, 2, 0x2001, IORING_POLL_UPDATE_EVENTS));
	X("EpollCtl", io_uring_prep_epoll_ctl(s, 5, 6, 1, P(0x80)));
	X("EpollWait", io_uring_prep_epoll_wait(s, 5, P(0x80), 16, 0));
	X("Timeout", io_uring_prep_timeout(s, P(0x90), 3, IORING_TIMEOUT_ABS));
	X("TimeoutRemove", io_uring_prep_timeout_remove(s, 77, 0));
	X("TimeoutUpdate", io_uring_prep_timeout_update(s, P(0x90), 77, IORING_TIMEOUT_ABS));
	X("LinkTimeout", io_uring_prep_link_timeout(s, P(0x90), IORING_TIMEOUT_BOOTTIME));
	X("FutexWait", io_uring_prep_futex_wait(s, P(0xa0), 1, 0xffffffff, 0x82, 0));
	X("FutexWake", io_uring_prep_futex_wake(s, P(0xa0), 1, 0xffffffff, 0x82, 0));
	X("FutexWaitv", io_uring_prep_futex_waitv(s, P(0xa0), 2, 0));
	X("Waitid", io_uring_prep_waitid(s, 1, 4242, P(0xb0), 4, 0));
	X("Read", io_uring_prep_read(s, 5, P(0x50), 4096, 1ULL << 40));
	X("ReadMultishot", io_uring_prep_read_multishot(s, 5, 100, ~0ULL, 3));
	X("ReadFixed", io_uring_prep_read_fixed(s, 5, P(0x50), 4096, 512, 2));
	X("Readv", io_uring_prep_readv(s, 5, P(0xc0), 3, 512));
	X("Readv2", io_uring_prep_readv2(s, 5, P(0xc0), 3, 512, 8));
	X("ReadvFixed", io_uring_prep_readv_fixed(s, 5, P(0xc0), 3, 512, 8, 2));
	X("Write", io_uring_prep_write(s, 5, P(0x50), 4096, 1ULL << 40));
	X("WriteFixed", io_uring_prep_write_fixed(s, 5, P(0x50), 4096, 512, 2));
	X("Writev", io_uring_prep_writev(s, 5, P(0xc0), 3, 512));
	X("Writev2", io_uring_prep_writev2(s, 5, P(0xc0), 3, 512, 8));
	X("WritevFixed", io_uring_prep_writev_fixed(s, 5, P(0xc0), 3, 512, 8, 2));
	X("Fsync", io_uring_prep_fsync(s, 5, IORING_FSYNC_DATASYNC));
	X("SyncFileRange", io_uring_prep_sync_file_range(s, 5, 4096, 512, 7));
	X("Fallocate", io_uring_prep_fallocate(s, 5, 1, 512, 1ULL << 33));
	X("Ftruncate", io_uring_prep_ftruncate(s, 5, 1LL << 33));
	X("Fadvise", io_uring_prep_fadvise(s, 5, 512, 4096, 3));
	X("Madvise", io_uring_prep_madvise(s, P(0x1000), 4096, 4));
	X("Fadvise64", io_uring_prep_fadvise64(s, 5, 512, 1LL << 33, 3));
	X("Madvise64", io_uring_prep_madvise64(s, P(0x1000), 1LL << 33, 4));
	X("Splice", io_uring_prep_splice(s, 5, -1, 6, 512, 4096, SPLICE_F_FD_IN_FIXED));
	X("Tee", io_uring_prep_tee(s, 5, 6, 4096, 1));
	X("Pipe", io_uring_prep_pipe(s, P(0xd0), 0x80800));
	X("PipeDirect", io_uring_prep_pipe_direct(s, P(0xd0), 0, 4));
	X("Statx", io_uring_prep_statx(s, -100, P(0xe0), 0x1000, 0x7ff, P(0xf0)));
	X("Open", io_uring_prep_open(s, P(0xe0), 0x80002, 0644));
	X("OpenDirect", io_uring_prep_open_direct(s, P(0xe0), 2, 0644, 4));
	X("Openat", io_uring_prep_openat(s, 5, P(0xe0), 0x80002, 0644));
	X("OpenatDirect", io_uring_prep_openat_direct(s, 5, P(0xe0), 2, 0644, IORING_FILE_INDEX_ALLOC));
	X("Openat2", io_uring_prep_openat2(s, 5, P(0xe0), P(0xf0)));
	X("Openat2Direct", io_uring_prep_openat2_direct(s, 5, P(0xe0), P(0xf0), 4));
	X("Mkdir", io_uring_prep_mkdir(s, P(0xe0), 0755));
	X("Mkdirat", io_uring_prep_mkdirat(s, 5, P(0xe0), 0755));
	X("Unlink", io_uring_prep_unlink(s, P(0xe0), 0x200));
	X("Unlinkat", io_uring_prep_unlinkat(s, 5, P(0xe0), 0x200));
	X("Rename", io_uring_prep_rename(s, P(0xe0), P(0xe8)));
	X("Renameat", io_uring_prep_renameat(s, 5, P(0xe0), 6, P(0xe8), 1));
	X("Link", io_uring_prep_link(s, P(0xe0), P(0xe8), 0x400));
	X("Linkat", io_uring_prep_linkat(s, 5, P(0xe0), 6, P(0xe8), 0x400));
	X("Symlink", io_uring_prep_symlink(s, P(0xe0), P(0xe8)));
	X("Symlinkat", io_uring_prep_symlinkat(s, P(0xe0), 6, P(0xe8)));
	X("Getxattr", io_uring_prep_getxattr(s, P(0xe0), P(0x50), P(0xe8), 64));
	X("Setxattr", io_uring_prep_setxattr(s, P(0xe0), P(0x50), P(0xe8), 1, 64));
	X("Fgetxattr", io_uring_prep_fgetxattr(s, 5, P(0xe0), P(0x50), 64));
	X("Fsetxattr", io_uring_prep_fsetxattr(s, 5, P(0xe0), P(0x50), 1, 64));
	return 0;
}
