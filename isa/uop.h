// The micro-program of one instruction: what it reads, writes and accesses, and what feeds which effect.
//
// Owns: the shape shared by decoder, lowering, evaluation, model and judge. Must not know: windows, store
// buffers, memory. The order of micro-ops within an instruction is not an ordering of their effects: the
// model derives that from the inputs, and from acquire and release, which order accesses of one instruction as
// those of two. All register inputs are those before the instruction, except U0 to U8, the results of earlier micro-ops of the same instruction.
#pragma once

#include <array>

#include "isa/register.h"
#include "support/types.h"

namespace isobar::isa {

enum class UopKind : u8 {
  Alu,        ///< dst and/or flags := f(src); no other effect
  Select,     ///< dst := src[0] or src[1] by a condition on flags: a *pick* (Arm ARM B2.3 "pick dependency")
  Branch,     ///< next PC := f(src)
  Read,       ///< one single-copy-atomic explicit load; dst := what was read
  Write,      ///< one single-copy-atomic explicit store
  Status,     ///< dst := 0 or 1, the success of the exclusive store before it in the same instruction
  CasResult,  ///< dst := what CAS leaves in Rs (a pick between the old Rs and the value read)
  Barrier,    ///< DMB or DSB
  Isb,
  CacheOp,    ///< DC or IC by address (src[0]) or IC IALLU/IALLUIS
  SysRead,    ///< dst := system register `sys`
  SysWrite,   ///< system register `sys` := src[0] (or imm for PSTATE fields)
  Exception,  ///< SVC, HVC, SMC, BRK, HLT, UDF and every word that is not in the table
  Eret,       ///< next PC and PSTATE := src[0] (ELR_EL1) and src[1] (SPSR_EL1)
  Hint,       ///< NOP, YIELD, WFE, WFI, SEV, SEVL, BTI, PRFM, CSDB ...
  ClearExclusive,
};

/// What an Alu micro-op computes. `width` (32 or 64) applies where the instruction has both forms.
enum class AluOp : u16;  // isa/alu_op.h

enum class BranchOp : u8 {
  Direct,          ///< B, BL: target pc + imm, no inputs
  Conditional,     ///< B.cond, BC.cond: condition `cond` over the flags in src
  CompareZero,     ///< CBZ
  CompareNonZero,  ///< CBNZ
  TestZero,        ///< TBZ, bit number in `amount`
  TestNonZero,     ///< TBNZ
  Indirect,        ///< BR, BLR, RET: target src[0]
};

enum class BarrierOp : u8 { DmbFull, DmbLoad, DmbStore, DsbFull, DsbLoad, DsbStore };

/// TLBI: of the page in the operand or of all pages, of this core only or of all cores.
enum class CacheOpKind : u8 {
  DcCvau, DcCvac, DcCivac, DcIvac, IcIvau, IcIallu, IcIalluis, TlbiPageLocal, TlbiPage, TlbiAllLocal, TlbiAll
};

enum class HintOp : u8 { Nop, Yield, Wfe, Wfi, Sev, Sevl, Other };

enum class ExceptionOp : u8 { Svc, Hvc, Smc, Brk, Hlt, Undefined };

/// How a store's value comes from its operand(s); Plain is every non-RMW store.
enum class RmwOp : u8 { Plain, Swap, Add, Clear, Eor, Set, SMax, SMin, UMax, UMin, CompareAndSwap };

/// Does an access concern allocation tags (FEAT_MTE) instead of bytes? Then its size counts granules of 16 bytes, each
/// with a tag of 4 bits in a byte of its own, and its address is that of the data.
enum class TagAccess : u8 {
  None,
  Explicit,    ///< LDG, STG and friends
  CheckRead,   ///< the implicit read that checks a load; made by the model, never by lowering
  CheckWrite,  ///< the same for a store or an atomic
};

/// Fields of Uop that only Read and Write use.
struct MemoryAttributes {
  u8 size = 0;               ///< bytes of this access: 1, 2, 4, 8 or 16
  bool acquire = false;      ///< A: LDAR, LDAXR, LDADDA ...; never set on a NoRet read
  bool acquire_pc = false;   ///< Q: LDAPR, LDAPUR, LDIAPP, LDAP1
  bool release = false;      ///< L: STLR, STLXR, STLUR, STILP, LDADDL ...
  bool exclusive = false;    ///< LDXR / STXR family
  bool atomic = false;       ///< read or write of a single-instruction RMW (LSE)
  bool no_ret = false;       ///< read of an LSE operation whose destination is XZR: does not count for DMB LD
  bool sign_extend = false;  ///< result is sign-extended to result_width
  bool pair = false;  ///< one access that fills dst[0] and dst[1] (LDXP, CASP): each half is size/2 bytes
  bool unprivileged = false;  ///< LDTR/STTR: permissions of EL0
  bool non_temporal = false;  ///< LDNP/STNP
  u8 element = 0;  ///< bytes of the elements of a structure access (LD1, ST1): each is single-copy atomic on
                   ///< its own if aligned; 0: not such an access
  u8 result_width = 64;  ///< 32 or 64 for a general register, 128 for a vector register (upper part zeroed)
  RmwOp rmw = RmwOp::Plain;
  TagAccess tag = TagAccess::None;
  bool unchecked = false;  ///< Tag Unchecked whatever the mode: the data of STZG, STGP, DC GZVA
};

/// One micro-op. Inputs are grouped so that the model can keep address, data and condition dependencies
/// apart: src[0, n_addr) feed the address, src[n_addr, n_addr + n_data) the stored data (or the ALU / branch
/// / condition input when n_addr is 0), the rest up to n_src the compare value of CAS.
struct Uop {
  UopKind kind = UopKind::Hint;
  u16 op = 0;  ///< AluOp, BranchOp, BarrierOp, CacheOpKind, HintOp or ExceptionOp, by kind
  u8 n_src = 0;
  u8 n_addr = 0;
  u8 n_data = 0;
  u8 cond = 14;      ///< A64 condition code of Select, Branch and conditional compares
  u8 width = 64;     ///< 32 or 64; element or register size in bits of vector operations (isa/alu_op.h)
  u8 extend = 0;     ///< A64 extend option of an index register or extended operand (3 = UXTX/LSL, 6 = SXTW
                     ///< ...); 8 to 11: operand shifted by LSL, LSR, ASR, ROR
  u8 amount = 0;     ///< shift amount, bit number or flag mask
  u8 flags_out = 0;  ///< mask of flags written: 8 = N, 4 = Z, 2 = C, 1 = V
  std::array<Reg, 6> src{Reg::None, Reg::None, Reg::None, Reg::None, Reg::None, Reg::None};
  std::array<Reg, 2> dst{Reg::None, Reg::None};  ///< of arithmetic, dst[1] may be FPSR: accumulates() in register.h
  Reg sys = Reg::None;
  u64 imm = 0;   ///< immediate, address offset, branch offset (sign-extended) or exception immediate
  u64 imm2 = 0;  ///< second immediate; of an access: low bits of the base to clear (DC ZVA); of SysWrite
                 ///< without input: 0 assign imm, 1 set the bits of imm, 2 clear them
  MemoryAttributes mem;
  u64 may_write = ~u64{0};  ///< bit n: it may write registers whose numbers are n modulo 64; set by decode()

  BranchOp branch_op() const { return static_cast<BranchOp>(op); }
  BarrierOp barrier_op() const { return static_cast<BarrierOp>(op); }
  CacheOpKind cache_op() const { return static_cast<CacheOpKind>(op); }
  HintOp hint_op() const { return static_cast<HintOp>(op); }
  ExceptionOp exception_op() const { return static_cast<ExceptionOp>(op); }
};

/// Most micro-ops of any instruction (LD4 with write-back: four reads, four rearrangements, one addition).
inline constexpr unsigned kMaxUops = 9;

/// A decoded word. Independent of the address it is fetched from (the PC is an argument of evaluation).
struct Instruction {
  u32 word = 0;
  u16 encoding = 0;  ///< index into the table of encodings, isa/decoder.h
  u8 count = 0;      ///< micro-ops used
  std::array<Uop, kMaxUops> uops;
};

}  // namespace isobar::isa
