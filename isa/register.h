// Names of everything a micro-op can read or write. Owns the numbering; knows nothing of values or cores.
#pragma once

#include <string_view>

#include "support/types.h"

namespace isobar::isa {

/// System registers the model has. Columns: name, op0, op1, CRn, CRm, op2, lowest EL that may read, lowest EL that
/// may write (2 means: never from EL0 or EL1, the access is undefined). Encodings: Arm ARM D23.
#define ISOBAR_SYSTEM_REGISTERS(X)          \
  X(SP_EL0, 3, 0, 4, 1, 0, 1, 1)            \
  X(ELR_EL1, 3, 0, 4, 0, 1, 1, 1)           \
  X(SPSR_EL1, 3, 0, 4, 0, 0, 1, 1)          \
  X(ESR_EL1, 3, 0, 5, 2, 0, 1, 1)           \
  X(FAR_EL1, 3, 0, 6, 0, 0, 1, 1)           \
  X(VBAR_EL1, 3, 0, 12, 0, 0, 1, 1)         \
  X(SCTLR_EL1, 3, 0, 1, 0, 0, 1, 1)         \
  X(ACTLR_EL1, 3, 0, 1, 0, 1, 1, 1)         \
  X(CPACR_EL1, 3, 0, 1, 0, 2, 1, 1)         \
  X(TTBR0_EL1, 3, 0, 2, 0, 0, 1, 1)         \
  X(TTBR1_EL1, 3, 0, 2, 0, 1, 1, 1)         \
  X(TCR_EL1, 3, 0, 2, 0, 2, 1, 1)           \
  X(MAIR_EL1, 3, 0, 10, 2, 0, 1, 1)         \
  X(CONTEXTIDR_EL1, 3, 0, 13, 0, 1, 1, 1)   \
  X(TPIDR_EL1, 3, 0, 13, 0, 4, 1, 1)        \
  X(TPIDR_EL0, 3, 3, 13, 0, 2, 0, 0)        \
  X(TPIDRRO_EL0, 3, 3, 13, 0, 3, 0, 1)      \
  X(FPCR, 3, 3, 4, 4, 0, 0, 0)              \
  X(FPSR, 3, 3, 4, 4, 1, 0, 0)              \
  X(CNTKCTL_EL1, 3, 0, 14, 1, 0, 1, 1)      \
  X(CNTV_CTL_EL0, 3, 3, 14, 3, 1, 0, 0)     \
  X(CNTV_CVAL_EL0, 3, 3, 14, 3, 2, 0, 0)    \
  X(CNTV_TVAL_EL0, 3, 3, 14, 3, 0, 0, 0)    \
  X(CNTVCT_EL0, 3, 3, 14, 0, 2, 0, 2)       \
  X(CNTFRQ_EL0, 3, 3, 14, 0, 0, 0, 2)       \
  X(MIDR_EL1, 3, 0, 0, 0, 0, 1, 2)          \
  X(MPIDR_EL1, 3, 0, 0, 0, 5, 1, 2)         \
  X(AIDR_EL1, 3, 1, 0, 0, 7, 1, 2)          \
  X(CTR_EL0, 3, 3, 0, 0, 1, 0, 2)           \
  X(DCZID_EL0, 3, 3, 0, 0, 7, 0, 2)         \
  X(ID_AA64PFR0_EL1, 3, 0, 0, 4, 0, 1, 2)   \
  X(ID_AA64PFR1_EL1, 3, 0, 0, 4, 1, 1, 2)   \
  X(ID_AA64ISAR0_EL1, 3, 0, 0, 6, 0, 1, 2)  \
  X(ID_AA64ISAR1_EL1, 3, 0, 0, 6, 1, 1, 2)  \
  X(ID_AA64MMFR0_EL1, 3, 0, 0, 7, 0, 1, 2)  \
  X(ID_AA64MMFR1_EL1, 3, 0, 0, 7, 1, 1, 2)  \
  X(ID_AA64MMFR2_EL1, 3, 0, 0, 7, 2, 1, 2)  \
  X(CurrentEL, 3, 0, 4, 2, 2, 1, 2)         \
  X(DAIF, 3, 3, 4, 2, 1, 1, 1)              \
  X(SPSel, 3, 0, 4, 2, 0, 1, 1)             \
  X(NZCV, 3, 3, 4, 2, 0, 0, 0)              \
  X(ICC_PMR_EL1, 3, 0, 4, 6, 0, 1, 1)       \
  X(ICC_IAR1_EL1, 3, 0, 12, 12, 0, 1, 2)    \
  X(ICC_EOIR1_EL1, 3, 0, 12, 12, 1, 2, 1)   \
  X(ICC_SGI1R_EL1, 3, 0, 12, 11, 5, 2, 1)   \
  X(ICC_IGRPEN1_EL1, 3, 0, 12, 12, 7, 1, 1) \
  X(TCO, 3, 3, 4, 2, 7, 0, 0)               \
  X(GCR_EL1, 3, 0, 1, 0, 6, 1, 1)           \
  X(RGSR_EL1, 3, 0, 1, 0, 5, 1, 1)          \
  X(TFSR_EL1, 3, 0, 5, 6, 0, 1, 1)          \
  X(TFSRE0_EL1, 3, 0, 5, 6, 1, 1, 1)

/// One flat numbering of architectural state.
/// 0 to 30 are X0 to X30; XZR reads as zero and discards writes; SP is the stack pointer that PSTATE selects (the
/// model maps it to SP_EL0 or SP_EL1 at decode). N, Z, C, V are separate registers because dependencies are per flag.
enum class Reg : u8 {
  X0 = 0,
  X30 = 30,
  XZR = 31,
  SP = 32,
  N = 33,
  Z = 34,
  C = 35,
  V = 36,
  SP_EL1 = 43,
  /// The results of micro-ops 0 to 8 of the same instruction (see Uop): never visible outside it.
  U0 = 44,
  U8 = 52,
  V0 = 64,
  V31 = 95,
  FirstSystem = 96,
  BeforeSystem = FirstSystem - 1,
#define X(name, ...) name,
  ISOBAR_SYSTEM_REGISTERS(X)
#undef X
      EndSystem,
  None = 255,
};

/// Registers with a number below this have storage in the architectural state.
inline constexpr unsigned kNumRegs = static_cast<unsigned>(Reg::EndSystem);

constexpr Reg x_reg(unsigned n) { return static_cast<Reg>(n); }
constexpr Reg v_reg(unsigned n) { return static_cast<Reg>(static_cast<unsigned>(Reg::V0) + n); }
/// The result of micro-op `k` of the same instruction, 0 <= k <= 8.
constexpr Reg uop_result(unsigned k) { return static_cast<Reg>(static_cast<unsigned>(Reg::U0) + k); }
constexpr bool is_uop_result(Reg r) { return r >= Reg::U0 && r <= Reg::U8; }
constexpr bool is_vector(Reg r) { return r >= Reg::V0 && r <= Reg::V31; }
constexpr bool is_system(Reg r) { return r >= Reg::FirstSystem && r < Reg::EndSystem; }
constexpr unsigned index(Reg r) { return static_cast<unsigned>(r); }
/// As a destination of arithmetic this register collects: the result is bits to set in it. So it is no input, and one
/// floating-point operation does not wait for another's exceptions (Arm ARM J1, FPProcessException() only sets bits).
constexpr bool accumulates(Reg r) { return r == Reg::FPSR; }

/// "X7", "SP", "V3", "ACTLR_EL1", "C" ...
std::string_view name(Reg r);
/// The inverse of name(); also accepts "W7", "LR", "x7", "Q3", "D3"... Reg::None if there is no such register.
Reg parse_register(std::string_view text);

/// What MRS/MSR need to know of a system register.
struct SystemRegister {
  Reg reg;
  const char* name;
  u8 op0, op1, crn, crm, op2;
  u8 min_read_el, min_write_el;
};
/// By the fields of MRS/MSR (register); nullptr if the model does not have it (the access is then undefined).
const SystemRegister* find_system_register(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2);
/// By register; nullptr unless is_system(r).
const SystemRegister* find_system_register(Reg r);

}  // namespace isobar::isa
