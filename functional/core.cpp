#include "functional/core.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "functional/lower.h"
#include "isa/branch_target.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::functional {

using isa::Reg;
using isa::StepResult;

namespace {

// A Value in the host's memory is what the guest's memory holds.
static_assert(std::endian::native == std::endian::little);

/// Linux lets user addresses have a tag in the top byte (TCR_EL1.TBI0).
u64 without_tag(u64 address) {
  return address & ones(56);
}

}  // namespace

u16 offset_of(Reg r) {
  const auto within_state = [](std::size_t offset) {
    return static_cast<u16>(offsetof(Registers, state) + offset);
  };
  if (isa::index(r) <= isa::index(Reg::X30))
    return within_state(offsetof(isa::ArchState, x) + 8 * isa::index(r));
  if (isa::is_vector(r))
    return within_state(offsetof(isa::ArchState, v) + 16 * (isa::index(r) - isa::index(Reg::V0)));
  if (r == Reg::SP) return within_state(offsetof(isa::ArchState, sp));
  return r == Reg::XZR ? offsetof(Registers, zero) : offsetof(Registers, discard);
}

void Core::synchronise() {
  if (generation_ == memory_->generation()) return;
  generation_ = memory_->generation();
  read_tlb_.fill({});
  write_tlb_.fill({});
  code_tlb_.fill({});
}

StepResult Core::run(u64 limit) {
  synchronise();
  stop_ = {};
  stack_misaligned = false;
  const Record* r = branch_type == 0 ? enter(state().pc) : enter_indirectly(state().pc, branch_type);
  u64 left = limit;
  while (r != nullptr && left != 0) {
    --left;
    r = r->execute(*this, r);
  }
  if (std::exchange(held_, false)) ++left;
  executed_ += limit - left;
  if (r != nullptr) state().pc = pc_of(r);
  return stop_;
}

const Record* Core::enter(u64 pc) {
  StepResult refused;
  refused.kind = StepResult::Kind::Fault;
  refused.address = pc;
  fault_byte_ = pc;
  refused.fault = isa::FaultKind::PcAlignment;
  if (!is_aligned(pc, 4)) return stop(refused, pc);
  CodeTranslation& t = code_tlb_[pc / kPageSize % code_tlb_.size()];
  if (t.page != pc / kPageSize) {
    CodePage* page = memory_->code(pc);
    refused.fault = isa::FaultKind::Fetch;
    if (page == nullptr) return stop(refused, pc);
    synchronise();
    const Region* region = memory_->find(pc);
    t = {pc / kPageSize, page, region != nullptr && (region->permissions & kGuarded) != 0};
  }
  code_ = t.code;
  guarded_ = t.guarded;
  return &code_->records[pc % kPageSize / 4];
}

const Record* Core::enter_indirectly(u64 pc, u8 type) {
  const Record* r = enter(pc);
  branch_type = r == nullptr ? type : u8{0};
  if (r == nullptr || !guarded_ || may_land(pc, type)) return r;
  branch_type = type;
  StepResult refused;
  refused.kind = StepResult::Kind::Exception;
  refused.exception = isa::ExceptionOp::Undefined;
  return stop(refused, pc);
}

bool Core::may_land(u64 pc, u8 type) {
  u32 word = 0;
  memory_->read(pc, &word, 4, kExecute);
  return isa::may_land(word, type);
}

void Core::fetch_line(const Record* record) {
  const u64 line = align_down(pc_of(record), kLineSize);
  std::array<u32, kLineSize / 4> words;
  memory_->read(line, words.data(), kLineSize, kExecute);
  for (unsigned i = 0; i < words.size(); ++i) {
    Record& r = code_->records[line % kPageSize / 4 + i];
    lower(isa::decode_cached(words[i]), line + 4 * i, memory_->tagging(), r);
    if (memory_->pool()->stop == line + 4 * i) r.execute = stop_before;
    if (words[i] == kStopHint) r.execute = stop_after;
    if (words[i] == kRaceFreeHint) r.execute = functional::name_race_free;
  }
}

void Core::name_race_free() {
  constexpr std::size_t kMost = 1000;
  const u64 begin = without_tag(state().x[0]), end = begin + std::min(state().x[1], kAddressLimit);
  std::vector<std::pair<u64, u64>>& named = memory_->pool()->race_free;
  if (named.size() < kMost && begin < end && std::find(named.begin(), named.end(), std::pair(begin, end)) == named.end())
    named.emplace_back(begin, end);
}

/// Always false; notes the byte that could not be accessed.
bool Core::refuse(u64 address, u64 done) {
  fault_byte_ = address + done;
  return false;
}

bool Core::fetch(u64 address, u32& word) {
  return memory_->read(address, &word, 4, kExecute) == 4;
}

bool Core::read(const isa::Uop& u, u64 address, Value& value) {
  const u64 plain = without_tag(address);
  value = {};
  if (u.mem.tag == isa::TagAccess::Explicit) return access_tag(plain, &value, nullptr);
  if (const u64 done = memory_->read(plain, &value, u.mem.size); done != u.mem.size) return refuse(plain, done);
  if (watcher_ != nullptr || memory_->is_tagged(plain)) return true;
  read_tlb_[address / kPageSize % read_tlb_.size()] = {address / kPageSize, memory_->page(plain, kRead)->bytes.data()};
  return true;
}

bool Core::write(const isa::Uop& u, u64 address, const Value& value) {
  const u64 plain = without_tag(address), last = plain + u.mem.size - 1;
  if (u.mem.tag == isa::TagAccess::Explicit) return access_tag(plain, nullptr, &value);
  Page* page = memory_->page(plain, kWrite);
  if (page == nullptr) return refuse(plain, 0);
  // All or nothing, also across pages.
  if (plain / kPageSize != last / kPageSize && memory_->page(last, kWrite) == nullptr)
    return refuse(align_down(last, kPageSize), 0);
  memory_->write(plain, &value, u.mem.size);
  // The page may be a fresh copy.
  synchronise();
  if (watcher_ == nullptr && !memory_->is_watched(*page) && !memory_->is_tagged(plain))
    write_tlb_[address / kPageSize % write_tlb_.size()] = {address / kPageSize, page->bytes.data()};
  return true;
}

/// Reads or writes the tag of a granule (LDG, STG and their like).
bool Core::access_tag(u64 address, Value* read, const Value* written) {
  if (memory_->page(address, read != nullptr ? kRead : kWrite) == nullptr) return refuse(address, 0);
  if (read != nullptr) read->lo = memory_->tag(address);
  if (written != nullptr) memory_->set_tag(address, static_cast<u8>(written->lo & 15));
  return true;
}

bool Core::tags_match(const isa::Instruction& instruction, u64 pc) {
  constexpr u64 kTagCheckOverride = u64{1} << 25;
  if ((state().get(Reg::TCO).lo & kTagCheckOverride) != 0) return true;
  for (unsigned k = 0; k < instruction.count; ++k) {
    const isa::Uop& u = instruction.uops[k];
    if ((u.kind != isa::UopKind::Read && u.kind != isa::UopKind::Write) || u.mem.tag != isa::TagAccess::None) continue;
    // Tag Unchecked: relative to SP with an immediate, or to the PC (Arm ARM D10.5.1).
    if (u.mem.unchecked || u.n_addr == 0 || (u.n_addr == 1 && u.src[0] == Reg::SP)) continue;
    isa::Inputs in{};
    for (unsigned i = 0; i < u.n_addr; ++i) in[i] = state().get(u.src[i]);
    const u64 address = isa::evaluate_address(u, in, pc), plain = without_tag(address);
    for (u64 g = align_down(plain, kGranule); g < plain + u.mem.size; g += kGranule) {
      const bool reads = u.kind == isa::UopKind::Read;
      const u8 needed = reads ? kRead : kWrite;
      // What may not be accessed at all faults for that.
      if (!memory_->is_tagged(g) || memory_->page(g, needed) == nullptr || memory_->tag(g) == bits(address, 59, 56)) continue;
      if (reads ? notes_reads : notes_writes) {
        tag_mismatch_noted = true;
        continue;
      }
      StepResult refused;
      refused.kind = StepResult::Kind::Fault;
      refused.fault = isa::FaultKind::Tag;
      refused.address = address;
      fault_byte_ = plain > g ? plain : g;
      stop(refused, pc);
      return false;
    }
  }
  return true;
}

bool Core::maintain(isa::CacheOpKind op, u64 address) {
  const u64 plain = without_tag(address);
  if (memory_->page(plain, kRead) == nullptr) return refuse(plain, 0);
  if (op == isa::CacheOpKind::IcIvau) memory_->invalidate_line(plain);
  return true;
}

}  // namespace isobar::functional
