// x86-64 instructions as litmus tests have them, as plain data, and their reader.
//
// Owns: the instruction form and AT&T syntax. Must not know: A64, memory models.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/import/litmus.h"

namespace isobar::scenarios {

inline constexpr unsigned kX86Registers = 16;  ///< rax rcx rdx rbx rsp rbp rsi rdi r8 .. r15
inline constexpr u8 kX86Rax = 0, kX86Rcx = 1, kX86Rdx = 2, kX86Rbx = 3, kX86Rsp = 4, kX86Rsi = 6, kX86Rdi = 7;
inline constexpr u8 kX86None = 0xff;

enum class X86Op : u8 {
  Nop,
  Mov,      ///< also MOVNTI, which the reference takes for a store like any other
  MovZero,  ///< MOVZX: source of `source_size` bytes
  Lea,
  Add,
  Sub,
  And,
  Or,
  Xor,
  Cmp,
  Test,
  Inc,
  Dec,
  Neg,
  Not,
  Shl,
  Xchg,  ///< locked if an operand is in memory
  Xadd,
  Cmpxchg,     ///< destination, new value; the accumulator is compared
  Cmpxchg16b,  ///< destination; RDX:RAX is compared, RCX:RBX is new
  Cmov,
  Set,
  Jcc,
  Jmp,
  Ret,  ///< ends the thread
  Mfence,
  Lfence,
  Sfence,
  Push,
  Pop,
  MovVector,    ///< 16 bytes between XMM registers and memory
  MovLow,       ///< MOVQ, MOVD: low 8 or 4 bytes of an XMM register, the rest becomes 0
  ExtractHigh,  ///< PEXTRQ $1: high 8 bytes of an XMM register
  RepMovs,      ///< RCX elements from [RSI] to [RDI], upwards
};

/// Conditions over the flags, as in Jcc, SETcc, CMOVcc.
enum class X86Condition : u8 { E, Ne, L, Le, G, Ge, B, Be, A, Ae, S, Ns };

struct X86Operand {
  enum class Kind : u8 { None, Register, Vector, Immediate, Memory } kind = Kind::None;
  u8 reg = kX86None;    ///< Register, Vector
  u8 size = 0;          ///< Register: 1, 2, 4 or 8 bytes
  bool high = false;    ///< Register: AH, BH, CH, DH
  i64 value = 0;        ///< Immediate; Memory: displacement
  std::string symbol;   ///< Memory: location, or empty
  u8 base = kX86None;   ///< Memory
  u8 index = kX86None;  ///< Memory
  u8 scale = 1;         ///< Memory

  bool is_memory() const { return kind == Kind::Memory; }
  bool is_register() const { return kind == Kind::Register; }
};

/// Operands are in the order of the data flow: `source` goes to `destination`.
struct X86Instruction {
  X86Op op = X86Op::Nop;
  bool lock = false;
  u8 size = 8;         ///< bytes of the operation
  u8 source_size = 0;  ///< MovZero
  X86Condition condition = X86Condition::E;
  X86Operand destination, source;
  u32 target = 0;  ///< Jcc, Jmp: index of an instruction of the thread; one past the last ends it
  std::string text;
  LitmusPosition where;

  /// The operand in memory; nullptr if there is none. PUSH, POP and RepMovs have none of their own.
  const X86Operand* memory() const {
    return destination.is_memory() ? &destination : source.is_memory() ? &source : nullptr;
  }
};

/// Does the instruction read memory, modify and write it back?
bool is_read_modify_write(const X86Instruction& i);
/// Is it one step for everybody, and a full barrier?
bool is_locked(const X86Instruction& i);
/// Writes the memory operand without reading it.
bool is_store(const X86Instruction& i);
/// Reads the memory operand without writing it.
bool is_load(const X86Instruction& i);

/// A register by name, with or without '%', in any case: its number and size. nullopt if there is none.
std::optional<X86Operand> parse_x86_register(std::string_view name);
/// "rax", "xmm0".
std::string x86_register_name(const X86Operand& r);

/// The code of one thread. Throws InputError with the place, or UnsupportedError for what is x86 but not
/// modelled.
std::vector<X86Instruction> parse_x86(const LitmusThread& thread, const std::string& file);

}  // namespace isobar::scenarios
