//go:build !purego

#include "textflag.h"

// func maskWide(k uint64, p []byte) int
TEXT ·maskWide(SB), NOSPLIT, $0-40
	MOVD k+0(FP), R0
	MOVD p_base+8(FP), R1
	MOVD p_len+16(FP), R2
	VDUP R0, V0.D2
	AND  $~15, R2, R2
	MOVD R2, ret+32(FP)
	SUBS $64, R2, R2
	BLO  few

many:
	VLD1   (R1), [V1.B16, V2.B16, V3.B16, V4.B16]
	VEOR   V0.B16, V1.B16, V1.B16
	VEOR   V0.B16, V2.B16, V2.B16
	VEOR   V0.B16, V3.B16, V3.B16
	VEOR   V0.B16, V4.B16, V4.B16
	VST1.P [V1.B16, V2.B16, V3.B16, V4.B16], 64(R1)
	SUBS   $64, R2, R2
	BHS    many

few:
	ADDS $64, R2, R2
	BEQ  done

one:
	VLD1   (R1), [V1.B16]
	VEOR   V0.B16, V1.B16, V1.B16
	VST1.P [V1.B16], 16(R1)
	SUBS   $16, R2, R2
	BNE    one

done:
	RET
