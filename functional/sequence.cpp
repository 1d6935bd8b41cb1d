#include "functional/sequence.h"

#include "isa/decoder.h"
#include "support/bits.h"

namespace isobar::functional {

namespace {

constexpr u64 kOutside = 0x0ffe'0000;  ///< return address that no sequence has
constexpr std::size_t kMaxPages = 4096;
constexpr u64 kGuestBytes = 0x10000;
constexpr unsigned kArguments = 4;

/// Numbers that follow from what they are for (SplitMix64, Steele, Lea and Flood 2014).
u64 mix(u64 v) {
  v += 0x9e3779b97f4a7c15;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

u64 pointer(u64 random) {
  return kSequenceGuest + kGuestBytes / 4 + random % (kGuestBytes / 2) / 16 * 16;
}

u64 pointer_or_small(u64 random) {
  return random % 4 == 0 ? (random >> 8) % 64 : pointer(random >> 8);
}

/// Data: a number near 1 as double, two such as float, small integers, or anything.
u64 data(u64 random) {
  const u64 sign = random & 1u << 31;
  switch (random % 5) {
    case 0: return (random >> 12 << 12 & ~(u64{0x7ff} << 52)) | (1015 + (random >> 4) % 16) << 52;
    case 1: {
      const u64 single = sign | (120 + (random >> 4) % 16) << 23 | (random >> 40 & 0x7fffff);
      return single << 32 | (single ^ (random >> 24 & 0x7fffff));
    }
    case 2: return (random >> 8) % 256;
    case 3: return sign_extend(random >> 8, 16);
    default: return mix(random);
  }
}

bool is_stack_or_state(u64 address) {
  return (address >> 16) == (kSequenceState >> 16) || (address >> 16) == (kSequenceStack >> 16);
}

}  // namespace

SequenceMemory::Page SequenceMemory::initial(u64 address) const {
  Page page{};
  const bool has_code = address < sequence_.end() && sequence_.base < address + kPage;
  for (u64 i = 0; i < kPage && !has_code; i += 8) {
    const u64 random = mix(seed_ ^ mix(address + i));
    const u64 v = is_stack_or_state(address) ? pointer_or_small(random) : data(random);
    for (unsigned k = 0; k < 8; ++k) page[i + k] = static_cast<u8>(v >> (8 * k));
  }
  for (std::size_t i = 0; i < sequence_.words.size(); ++i) {
    const u64 at = sequence_.base + 4 * i;
    if (align_down(at, kPage) != address) continue;
    for (unsigned k = 0; k < 4; ++k) page[at % kPage + k] = static_cast<u8>(sequence_.words[i] >> (8 * k));
  }
  return page;
}

u8* SequenceMemory::byte(u64 address) {
  const u64 first = align_down(address, kPage);
  auto found = pages_.find(first);
  if (found == pages_.end()) {
    if (pages_.size() >= kMaxPages) return nullptr;
    found = pages_.emplace(first, initial(first)).first;
  }
  return &found->second[address % kPage];
}

bool SequenceMemory::fetch(u64 address, u32& word) {
  if (!sequence_.contains(address)) return false;
  word = sequence_.words[(address - sequence_.base) / 4];
  return true;
}

bool SequenceMemory::read(const isa::Uop& u, u64 address, Value& value) {
  value = {};
  if (u.mem.tag != isa::TagAccess::None) return true;
  for (unsigned i = 0; i < u.mem.size; ++i) {
    const u8* b = byte(address + i);
    if (b == nullptr) return false;
    value.set_byte(i, *b);
  }
  return true;
}

bool SequenceMemory::write(const isa::Uop& u, u64 address, const Value& value) {
  if (u.mem.tag != isa::TagAccess::None) return true;
  for (unsigned i = 0; i < u.mem.size; ++i) {
    u8* b = byte(address + i);
    if (b == nullptr) return false;
    *b = value.byte(i);
  }
  return true;
}

isa::ArchState sequence_registers(const Sequence& sequence, u64 seed) {
  isa::ArchState s;
  for (u64 i = 0; i < 30; ++i) s.x[i] = pointer_or_small(mix(seed + i));
  s.x[7] = mix(seed + 7) % 4 * 16;
  s.x[30] = kOutside;
  s.x[sequence.state_register] = kSequenceState;
  s.sp = {kSequenceStack, kSequenceStack};
  s.pc = sequence.base;
  s.nzcv = static_cast<u8>(mix(seed + 31) % 16);
  for (u64 i = 0; i < 32; ++i) s.v[i] = {data(mix(seed + 32 + 2 * i)), data(mix(seed + 33 + 2 * i))};
  return s;
}

SequenceRun run_sequence(const Sequence& sequence, isa::ArchState& state, SequenceMemory& memory, u64 limit,
                         const std::function<void(const isa::ArchState&, u32 word)>& before) {
  using End = SequenceRun::End;
  using Kind = isa::StepResult::Kind;
  SequenceRun run;
  run.executed.resize(sequence.words.size());
  run.stretches.push_back({state.pc, 0, std::nullopt});
  unsigned calls = 0;
  for (;; ++run.steps) {
    run.pc = state.pc;
    if (!sequence.contains(state.pc)) return run;
    if (run.steps == limit) {
      run.end = End::Endless;
      return run;
    }
    if (!is_aligned(state.pc, 4)) {
      run.end = End::Fault;
      return run;
    }
    const std::size_t at = (state.pc - sequence.base) / 4;
    if (before) before(state, sequence.words[at]);
    isa::StepResult r = isa::step(state, memory);
    if (r.kind == Kind::Exception && r.exception == isa::ExceptionOp::Svc) {
      state.x[0] = 0;
      state.pc += 4;
      run.executed[at] = true;
      ++run.stretches.back().count;
      run.stretches.push_back({state.pc, 0, std::nullopt});
      continue;
    }
    if (r.kind == Kind::Exception || r.kind == Kind::Fault) {
      const bool undefined = r.kind == Kind::Exception && r.exception == isa::ExceptionOp::Undefined;
      run.end = undefined ? End::Undefined : r.kind == Kind::Fault ? End::Fault : End::Exception;
      return run;
    }
    run.executed[at] = true;
    ++run.stretches.back().count;
    const u64 next = run.pc + 4;
    if (!sequence.contains(state.pc) && state.pc != next && state.x[30] == next) {
      state.pc = next;
      const unsigned result = calls++ % kArguments;
      state.x[0] = state.x[result];
      run.stretches.back().result = result;
      run.stretches.push_back({next, 0, std::nullopt});
    }
  }
}

}  // namespace isobar::functional
