#!/bin/sh
# Writes abi.txt and prep.txt, what the C compiler makes of liburing's headers,
# for the tests to compare the Go side with. Needs gcc and a liburing source
# tree: gen.sh LIBURING (2.15 was used; it carries linux/io_uring.h of 7.x).
set -eu
cd "$(dirname "$0")"
inc=$1/src/include
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/liburing"
printf '#include <linux/time_types.h>\n#include <linux/openat2.h>\n#include <linux/futex.h>\n#define BLOCK_URING_CMD_DISCARD 0\n#define BLOCK_URING_CMD_ZONE_RESET_ALL 0\n' >"$tmp/liburing/compat.h"
printf '#define IO_URING_VERSION_MAJOR 2\n#define IO_URING_VERSION_MINOR 15\n' >"$tmp/liburing/io_uring_version.h"

header=$inc/liburing/io_uring.h
names=$(grep -oE '\b(IORING|IOSQE|IOU_PBUF|IO_WQ|IO_URING_OP|SOCKET_URING|SPLICE_F_FD)_[A-Z0-9_]+' "$header" |
	sort -u | grep -vE '_BIT$|^IORING_GETEVENTS$|^IORING_SEND_ZC$|^IO_URING_OP_$|_$|_MASK$|^IORING_URING_CMD$|^IORING_POLL_UPDATE$|^IORING_MSG_RING$|^IORING_OP$')
{
	cat <<'END'
#include <stdio.h>
#include <stddef.h>
#include "liburing/io_uring.h"
#define C(x) printf("%s %llu\n", #x, (unsigned long long)(x));
#define S(t) printf("sizeof:%s %zu\n", #t, sizeof(struct t));
#define F(t, f) printf("%s.%s %zu\n", #t, #f, offsetof(struct t, f));
int main(void) {
END
	for n in $names; do
		printf '#ifdef %s\nC(%s)\n#else\n' "$n" "$n"
		# An enumerator cannot be asked for by #ifdef: try it.
		if printf '#include "liburing/io_uring.h"\nint x = (int)%s;\n' "$n" | gcc -I"$inc" -xc -fsyntax-only - 2>/dev/null; then echo "C($n)"; fi
		echo '#endif'
	done
	cat structs.inc
	echo 'return 0; }'
} >"$tmp/abi.c"
gcc -I"$tmp" -I"$inc" -o "$tmp/abi" "$tmp/abi.c" && "$tmp/abi" >abi.txt
gcc -D_GNU_SOURCE -I"$tmp" -I"$inc" -o "$tmp/prep" prep.c && "$tmp/prep" >prep.txt
