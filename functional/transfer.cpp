// Plain loads and stores of general and vector registers, alone or in pairs, with or without write-back. Whatever
// does not hit the TLB, crosses a page or is ordered in any way is executed generally.
#include <cstring>

#include "functional/core.h"
#include "functional/lower.h"
#include "isa/alu.h"
#include "isa/alu_op.h"
#include "support/bits.h"

namespace isobar::functional {

namespace {

using isa::Instruction;
using isa::Reg;
using isa::Uop;
using isa::UopKind;

__extension__ using u128 = unsigned __int128;

/// How a Record gives an address: base `n` and then
enum class Address {
  Offset,     ///< + immediate
  WriteBack,  ///< + immediate; the base becomes base + `m`, signed
  Shifted,    ///< + register `m` << immediate
  Extended,   ///< + register `m` by option (low byte of immediate) and amount (next byte)
};

template <Address kAddress>
u64 address_of(Core& core, const Record* r) {
  const u64 base = at(core, r->n);
  if constexpr (kAddress == Address::Offset || kAddress == Address::WriteBack) return base + r->immediate;
  const u64 index = at(core, r->m);
  if constexpr (kAddress == Address::Shifted) return base + (index << r->immediate);
  return base + isa::extend_operand(index, r->immediate & 0xff, static_cast<unsigned>(r->immediate >> 8), 64);
}

template <Address kAddress>
void write_back(Core& core, const Record* r) {
  if constexpr (kAddress == Address::WriteBack) at(core, r->n) += static_cast<u64>(static_cast<i16>(r->m));
}

/// `Memory` is what is in memory, `Result` the general register (32 or 64 bits) or u128 for a vector register.
template <class Memory, class Result>
void put(Core& core, u16 destination, const u8* from) {
  Memory m;
  std::memcpy(&m, from, sizeof m);
  if constexpr (sizeof(Result) == 16) {
    vector_at(core, destination) = {static_cast<u64>(m), static_cast<u64>(static_cast<u128>(m) >> 64)};
  } else {
    at(core, destination) = static_cast<std::make_unsigned_t<Result>>(static_cast<Result>(m));
  }
}

template <class Memory>
void take(Core& core, u16 source, u8* to) {
  std::memcpy(to, bytes_at(core, source), sizeof(Memory));
}

template <class Memory, class Result, Address kAddress>
const Record* load(Core& core, const Record* r) {
  const u8* from = core.readable(address_of<kAddress>(core, r), sizeof(Memory));
  if (from == nullptr) return execute_generally(core, r);
  write_back<kAddress>(core, r);
  put<Memory, Result>(core, r->d, from);
  return r + 1;
}

template <class Memory, class Result, Address kAddress>
const Record* load_pair(Core& core, const Record* r) {
  const u8* from = core.readable(address_of<kAddress>(core, r), 2 * sizeof(Memory));
  if (from == nullptr) return execute_generally(core, r);
  write_back<kAddress>(core, r);
  put<Memory, Result>(core, r->d, from);
  put<Memory, Result>(core, r->a, from + sizeof(Memory));
  return r + 1;
}

template <class Memory, Address kAddress>
const Record* store(Core& core, const Record* r) {
  u8* to = core.writable(address_of<kAddress>(core, r), sizeof(Memory));
  if (to == nullptr) return execute_generally(core, r);
  take<Memory>(core, r->d, to);
  write_back<kAddress>(core, r);
  return r + 1;
}

template <class Memory, Address kAddress>
const Record* store_pair(Core& core, const Record* r) {
  u8* to = core.writable(address_of<kAddress>(core, r), 2 * sizeof(Memory));
  if (to == nullptr) return execute_generally(core, r);
  take<Memory>(core, r->d, to);
  take<Memory>(core, r->a, to + sizeof(Memory));
  write_back<kAddress>(core, r);
  return r + 1;
}

struct Shape {
  Address address;
  bool pair;
};

template <class Memory, class Result>
Execute choose_load(Shape s) {
  switch (s.address) {
    case Address::Offset:
      return s.pair ? load_pair<Memory, Result, Address::Offset> : load<Memory, Result, Address::Offset>;
    case Address::WriteBack:
      return s.pair ? load_pair<Memory, Result, Address::WriteBack> : load<Memory, Result, Address::WriteBack>;
    case Address::Shifted: return load<Memory, Result, Address::Shifted>;
    case Address::Extended: return load<Memory, Result, Address::Extended>;
  }
  return nullptr;
}

template <class Memory>
Execute choose_store(Shape s) {
  switch (s.address) {
    case Address::Offset: return s.pair ? store_pair<Memory, Address::Offset> : store<Memory, Address::Offset>;
    case Address::WriteBack: return s.pair ? store_pair<Memory, Address::WriteBack> : store<Memory, Address::WriteBack>;
    case Address::Shifted: return store<Memory, Address::Shifted>;
    case Address::Extended: return store<Memory, Address::Extended>;
  }
  return nullptr;
}

template <class Unsigned, class Signed>
Execute choose_general_load(const Uop& u, Shape s) {
  if (!u.mem.sign_extend) return choose_load<Unsigned, u64>(s);
  return u.mem.result_width == 32 ? choose_load<Signed, i32>(s) : choose_load<Signed, i64>(s);
}

Execute choose(const Uop& u, Shape s, bool vector) {
  if (u.kind == UopKind::Write) {
    switch (u.mem.size) {
      case 1: return choose_store<u8>(s);
      case 2: return choose_store<u16>(s);
      case 4: return choose_store<u32>(s);
      case 8: return choose_store<u64>(s);
      default: return choose_store<u128>(s);
    }
  }
  if (vector) {
    switch (u.mem.size) {
      case 1: return choose_load<u8, u128>(s);
      case 2: return choose_load<u16, u128>(s);
      case 4: return choose_load<u32, u128>(s);
      case 8: return choose_load<u64, u128>(s);
      default: return choose_load<u128, u128>(s);
    }
  }
  switch (u.mem.size) {
    case 1: return choose_general_load<u8, i8>(u, s);
    case 2: return choose_general_load<u16, i16>(u, s);
    case 4: return choose_general_load<u32, i32>(u, s);
    default: return choose_general_load<u64, i64>(u, s);
  }
}

bool is_plain(const Uop& u) {
  if (u.kind != UopKind::Read && u.kind != UopKind::Write) return false;
  const isa::MemoryAttributes& m = u.mem;
  return !m.acquire && !m.acquire_pc && !m.release && !m.exclusive && !m.atomic && !m.pair && m.element == 0 &&
         u.n_addr != 0 && u.imm2 == 0;
}

/// base := base + imm, after the accesses.
bool is_write_back(const Uop& u, Reg base) {
  return u.kind == UopKind::Alu && u.op == static_cast<u16>(isa::AluOp::Add) && u.width == 64 && u.n_src == 1 &&
         u.src[0] == base && u.dst[0] == base && u.flags_out == 0;
}

Reg transferred(const Uop& u) {
  return u.kind == UopKind::Read ? u.dst[0] : u.src[u.n_addr];
}

}  // namespace

bool lower_transfer(const Instruction& i, u64, Record& out) {
  const Uop& u = i.uops[0];
  if (!is_plain(u) || isa::is_uop_result(transferred(u))) return false;
  const bool pair = i.count >= 2 && is_plain(i.uops[1]);
  const unsigned accesses = pair ? 2 : 1;
  const bool writes_back = i.count == accesses + 1 && is_write_back(i.uops[accesses], u.src[0]);
  if (i.count != accesses + (writes_back ? 1 : 0)) return false;
  if (pair) {
    const Uop& second = i.uops[1];
    if (second.kind != u.kind || second.mem.size != u.mem.size || second.n_addr != 1 || u.n_addr != 1 ||
        second.src[0] != u.src[0] || second.imm != u.imm + u.mem.size)
      return false;
    out.a = offset_of(transferred(second));
  }
  Shape shape{Address::Offset, pair};
  out.d = offset_of(transferred(u));
  out.n = offset_of(u.src[0]);
  out.immediate = u.imm;
  if (writes_back) {
    shape.address = Address::WriteBack;
    out.m = static_cast<u16>(i.uops[accesses].imm);
  } else if (u.n_addr == 2) {
    if (u.imm != 0) return false;
    out.m = offset_of(u.src[1]);
    shape.address = u.extend == isa::kExtendNone ? Address::Shifted : Address::Extended;
    out.immediate = u.extend == isa::kExtendNone ? u.amount : u.extend | u64{u.amount} << 8;
  }
  out.execute = choose(u, shape, isa::is_vector(transferred(u)));
  return true;
}

}  // namespace isobar::functional
