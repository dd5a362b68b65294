//go:build !purego

#include "textflag.h"

// func maskAVX2(k uint64, p []byte) int
TEXT ·maskAVX2(SB), NOSPLIT, $0-40
	VPBROADCASTQ k+0(FP), Y0
	MOVQ p_base+8(FP), DI
	MOVQ p_len+16(FP), CX
	ANDQ $-32, CX
	MOVQ CX, ret+32(FP)
	SUBQ $128, CX
	JB   few

many:
	VPXOR   (DI), Y0, Y1
	VPXOR   32(DI), Y0, Y2
	VPXOR   64(DI), Y0, Y3
	VPXOR   96(DI), Y0, Y4
	VMOVDQU Y1, (DI)
	VMOVDQU Y2, 32(DI)
	VMOVDQU Y3, 64(DI)
	VMOVDQU Y4, 96(DI)
	ADDQ    $128, DI
	SUBQ    $128, CX
	JAE     many

few:
	ADDQ $128, CX
	JZ   done

one:
	VPXOR   (DI), Y0, Y1
	VMOVDQU Y1, (DI)
	ADDQ    $32, DI
	SUBQ    $32, CX
	JNZ     one

done:
	VZEROUPPER
	RET

// func maskSSE2(k uint64, p []byte) int
TEXT ·maskSSE2(SB), NOSPLIT, $0-40
	MOVQ       k+0(FP), X0
	PUNPCKLQDQ X0, X0
	MOVQ       p_base+8(FP), DI
	MOVQ       p_len+16(FP), CX
	ANDQ       $-16, CX
	MOVQ       CX, ret+32(FP)
	SUBQ       $64, CX
	JB         few

many:
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	MOVOU 32(DI), X3
	MOVOU 48(DI), X4
	PXOR  X0, X1
	PXOR  X0, X2
	PXOR  X0, X3
	PXOR  X0, X4
	MOVOU X1, (DI)
	MOVOU X2, 16(DI)
	MOVOU X3, 32(DI)
	MOVOU X4, 48(DI)
	ADDQ  $64, DI
	SUBQ  $64, CX
	JAE   many

few:
	ADDQ $64, CX
	JZ   done

one:
	MOVOU (DI), X1
	PXOR  X0, X1
	MOVOU X1, (DI)
	ADDQ  $16, DI
	SUBQ  $16, CX
	JNZ   one

done:
	RET
