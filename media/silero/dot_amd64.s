#include "textflag.h"

// func dot8AVX2(y *[8]float32, w, x *float32, steps, stride int)
//
// Eight rows at a time, a sum of eight lanes for each: as many as keep the
// multipliers busy while an earlier product is still being added.
TEXT ·dot8AVX2(SB), NOSPLIT, $0-40
	MOVQ y+0(FP), AX
	MOVQ w+8(FP), SI
	MOVQ x+16(FP), DX
	MOVQ steps+24(FP), CX
	MOVQ stride+32(FP), R8
	LEAQ (R8)(R8*2), R9  // three strides
	LEAQ (SI)(R8*4), DI  // rows 4 to 7

	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

loop:
	VMOVUPS (DX), Y8
	VFMADD231PS (SI), Y8, Y0
	VFMADD231PS (SI)(R8*1), Y8, Y1
	VFMADD231PS (SI)(R8*2), Y8, Y2
	VFMADD231PS (SI)(R9*1), Y8, Y3
	VFMADD231PS (DI), Y8, Y4
	VFMADD231PS (DI)(R8*1), Y8, Y5
	VFMADD231PS (DI)(R8*2), Y8, Y6
	VFMADD231PS (DI)(R9*1), Y8, Y7
	ADDQ $32, DX
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  loop

	// Add the lanes: pairs, pairs of pairs, then the two halves.
	VHADDPS Y1, Y0, Y0
	VHADDPS Y3, Y2, Y2
	VHADDPS Y2, Y0, Y0
	VHADDPS Y5, Y4, Y4
	VHADDPS Y7, Y6, Y6
	VHADDPS Y6, Y4, Y4
	VEXTRACTF128 $1, Y0, X1
	VEXTRACTF128 $1, Y4, X5
	VADDPS X1, X0, X0
	VADDPS X5, X4, X4
	VMOVUPS X0, (AX)
	VMOVUPS X4, 16(AX)
	VZEROUPPER
	RET
