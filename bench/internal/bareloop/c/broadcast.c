// The floor of a broadcast: a loop that sends one frame to every subscriber at each tick, and nothing else. It is what
// the kernel costs, with a batch of sends for each io_uring_enter, or with one send(2) for each subscriber.
//
//	broadcast -addr 127.0.0.1:8080 -hz 60 -mode ring|send
//
// Whoever connects and ends a request's head with an empty line is a subscriber; the answer is a fixed 101. The frame
// is that of package feed. A subscriber whose socket is full misses frames, so no one waits for it. No libraries but
// libc; a kernel from 6.1 on for -mode ring.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, MAX_FDS = 65536, PAYLOAD = 512, HEADER = 4, FRAME = HEADER + PAYLOAD };

static const char switching[] =
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static unsigned char frame[FRAME];
static int subscribers[MAX_FDS], count;  // descriptors
static int place[MAX_FDS];               // of a descriptor in subscribers, from 1; 0: none
static unsigned char matched[MAX_FDS];   // of "\r\n\r\n", while the request comes
static int epoll_fd, listener, timer;

static void die(const char *what) {
	perror(what);
	exit(1);
}

static void part(int fd) {
	if (place[fd]) {
		int last = subscribers[--count];
		subscribers[place[fd] - 1] = last;
		place[last] = place[fd];
		place[fd] = 0;
	}
	close(fd);
}

// --- The ring -----------------------------------------------------------------------------

static struct {
	int fd;
	unsigned *sq_tail, *sq_mask, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring;

static void ring_open(void) {
	struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
	ring.fd = syscall(__NR_io_uring_setup, BATCH, &p);
	if (ring.fd < 0) die("io_uring_setup");
	size_t sq = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	size_t cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *rings = mmap(0, sq > cq ? sq : cq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
	ring.sqes = mmap(0, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || (void *)ring.sqes == MAP_FAILED) die("mmap");
	ring.sq_tail = (unsigned *)(rings + p.sq_off.tail);
	ring.sq_mask = (unsigned *)(rings + p.sq_off.ring_mask);
	ring.cq_head = (unsigned *)(rings + p.cq_off.head);
	ring.cq_tail = (unsigned *)(rings + p.cq_off.tail);
	ring.cq_mask = (unsigned *)(rings + p.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(rings + p.cq_off.cqes);
	unsigned *array = (unsigned *)(rings + p.sq_off.array);
	for (unsigned i = 0; i < p.sq_entries; i++) array[i] = i;
}

// gone collects those who could not be sent to: the list must not change under the loop over it.
static int gone[MAX_FDS], gone_count;

static void sent(int fd, int res) {
	if (res != FRAME && res != -EAGAIN) gone[gone_count++] = fd;
}

static void ring_send(int from, int n) {
	unsigned tail = *ring.sq_tail;
	for (int i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = &ring.sqes[tail++ & *ring.sq_mask];
		memset(sqe, 0, sizeof *sqe);
		sqe->opcode = IORING_OP_SEND;
		sqe->fd = subscribers[from + i];
		sqe->addr = (uintptr_t)frame;
		sqe->len = FRAME;
		sqe->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
		sqe->user_data = sqe->fd;
	}
	__atomic_store_n(ring.sq_tail, tail, __ATOMIC_RELEASE);
	for (int submit = n, done = 0; done < n;) {
		int got = syscall(__NR_io_uring_enter, ring.fd, submit, n - done, IORING_ENTER_GETEVENTS, 0, 0);
		if (got < 0 && errno != EINTR) die("io_uring_enter");
		if (got > 0) submit -= got;
		unsigned head = *ring.cq_head, end = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
		for (; head != end; head++, done++) {
			struct io_uring_cqe *cqe = &ring.cqes[head & *ring.cq_mask];
			sent((int)cqe->user_data, cqe->res);
		}
		__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
	}
}

// --- The tick -----------------------------------------------------------------------------

static void put64(unsigned char *p, uint64_t v) {
	for (int i = 7; i >= 0; i--, v >>= 8) p[i] = (unsigned char)v;
}

static void tick(int use_ring) {
	static uint64_t seq;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	put64(frame + HEADER, ++seq);
	put64(frame + HEADER + 8, (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	if (use_ring) {
		for (int i = 0; i < count; i += BATCH) ring_send(i, count - i < BATCH ? count - i : BATCH);
	} else {
		for (int i = 0; i < count; i++) {
			int n = send(subscribers[i], frame, FRAME, MSG_DONTWAIT | MSG_NOSIGNAL);
			sent(subscribers[i], n < 0 ? -errno : n);
		}
	}
	while (gone_count > 0) part(gone[--gone_count]);
}

// --- Connections --------------------------------------------------------------------------

static void watch(int fd) {
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev)) die("epoll_ctl");
}

static void accept_all(void) {
	int fd;
	while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		matched[fd] = 0;
		watch(fd);
	}
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) die("accept");
}

static void readable(int fd) {
	static const char end[] = "\r\n\r\n";
	char buf[2048];
	ssize_t n = read(fd, buf, sizeof buf);
	if (n < 0 && errno == EAGAIN) return;
	if (n <= 0) {
		part(fd);
		return;
	}
	for (ssize_t i = 0; i < n && !place[fd]; i++) {
		matched[fd] = buf[i] == end[matched[fd]] ? matched[fd] + 1 : buf[i] == '\r';
		if (matched[fd] < 4) continue;
		if (send(fd, switching, sizeof switching - 1, MSG_NOSIGNAL) != sizeof switching - 1) {
			part(fd);
			return;
		}
		subscribers[count++] = fd;
		place[fd] = count;
	}
}

static void listen_on(const char *addr) {
	char host[64];
	const char *colon = strrchr(addr, ':');
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int one = 1;
	if (!colon || colon - addr >= (long)sizeof host) goto bad;
	memcpy(host, addr, colon - addr);
	host[colon - addr] = 0;
	sa.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, host, &sa.sin_addr) != 1) goto bad;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // inherited by those accepted
	if (bind(listener, (struct sockaddr *)&sa, sizeof sa) || listen(listener, 4096)) die(addr);
	return;
bad:
	fprintf(stderr, "broadcast: -addr %s: need an IPv4 address and port\n", addr);
	exit(2);
}

static void every(int hz) {
	struct itimerspec it = {.it_interval.tv_nsec = 1000000000L / hz};
	if (hz == 1) it.it_interval = (struct timespec){.tv_sec = 1};
	it.it_value = it.it_interval;
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer < 0 || timerfd_settime(timer, 0, &it, 0)) die("timerfd");
}

int main(int argc, char **argv) {
	const char *addr = "127.0.0.1:8080", *mode = "ring";
	int hz = 60;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-addr")) addr = argv[i + 1];
		else if (!strcmp(argv[i], "-mode")) mode = argv[i + 1];
		else if (!strcmp(argv[i], "-hz")) hz = atoi(argv[i + 1]);
		else hz = 0;
	}
	if (argc % 2 == 0 || hz < 1 || (strcmp(mode, "ring") && strcmp(mode, "send"))) {
		fprintf(stderr, "usage: broadcast [-addr host:port] [-hz n] [-mode ring|send]\n");
		return 2;
	}
	int use_ring = !strcmp(mode, "ring");
	frame[0] = 0x82;  // one binary frame, its length in sixteen bits (RFC 6455 §5.2)
	frame[1] = 126;
	frame[2] = PAYLOAD >> 8;
	frame[3] = PAYLOAD & 0xff;
	for (int i = 0; i < PAYLOAD; i++) frame[HEADER + i] = (unsigned char)i;
	signal(SIGPIPE, SIG_IGN);
	if (use_ring) ring_open();
	listen_on(addr);
	every(hz);
	if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
	watch(listener);
	watch(timer);
	printf("broadcast listening on %s\n", addr);
	fflush(stdout);
	for (;;) {
		struct epoll_event events[256];
		int n = epoll_wait(epoll_fd, events, 256, -1);
		if (n < 0 && errno != EINTR) die("epoll_wait");
		for (int i = 0; i < n; i++) {
			uint64_t due;
			if (events[i].data.fd == listener) accept_all();
			else if (events[i].data.fd != timer) readable(events[i].data.fd);
			else if (read(timer, &due, sizeof due) == sizeof due) tick(use_ring);
		}
	}
}
