#include "model/storage/storage.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/state/mutation.h"
#include "model/state/regions.h"
#include "model/storage/tags.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::model {

namespace {

constexpr u64 kGranule = 16;
constexpr u64 kWord = 4;

Value shift_right(const Value& v, unsigned bytes) {
  if (bytes == 0) return v;
  if (bytes >= 8) return {v.hi >> (8 * (bytes - 8)), 0};
  return {(v.lo >> (8 * bytes)) | (v.hi << (64 - 8 * bytes)), v.hi >> (8 * bytes)};
}

Value shift_left(const Value& v, unsigned bytes) {
  if (bytes == 0) return v;
  if (bytes >= 8) return {0, v.lo << (8 * (bytes - 8))};
  return {v.lo << (8 * bytes), (v.hi << (8 * bytes)) | (v.lo >> (64 - 8 * bytes))};
}

Value byte_mask(unsigned size) {
  return {ones(8 * std::min(size, 8u)), size > 8 ? ones(8 * (size - 8)) : 0};
}

Value operator&(const Value& a, const Value& b) {
  return {a.lo & b.lo, a.hi & b.hi};
}
Value operator|(const Value& a, const Value& b) {
  return {a.lo | b.lo, a.hi | b.hi};
}
Value operator~(const Value& a) {
  return {~a.lo, ~a.hi};
}

Digest granule_hash(u64 addr, const Value& data) {
  Hasher h;
  h.word(addr);
  h.word(data.lo);
  h.word(data.hi);
  return h.digest();
}

std::vector<Granule>::iterator granule_position(std::vector<Granule>& memory, u64 addr) {
  return std::lower_bound(memory.begin(), memory.end(), addr,
                          [](const Granule& g, u64 a) { return g.addr < a; });
}

std::vector<CodeWord>::iterator code_position(std::vector<CodeWord>& code, u64 addr) {
  return std::lower_bound(code.begin(), code.end(), addr,
                          [](const CodeWord& w, u64 a) { return w.addr < a; });
}

/// Who owns `addr`, or the granule whose tag is there.
MemoryMap* owner_of(const Image& image, u64 addr) {
  return image.owner(is_tag_location(addr) ? tagged_granule(addr) : addr);
}

/// Contents of the granule at the aligned address `addr`.
Value current_granule(const Storage& s, const Image& image, u64 addr) {
  if (const MemoryMap* owner = owner_of(image, addr)) return owner->granule(addr);
  const auto g = std::lower_bound(s.memory.begin(), s.memory.end(), addr,
                                  [](const Granule& x, u64 a) { return x.addr < a; });
  return g != s.memory.end() && g->addr == addr ? g->data : image.granule(addr);
}

/// Changes bytes within one granule. The hash is the sum over granules of (hash now - hash in the image), so
/// that it depends on the contents of memory only, not on which granules were ever written.
void update_granule(Storage& s, const Image& image, u64 addr, unsigned size, const Value& value) {
  if (MemoryMap* owner = owner_of(image, addr)) return owner->write(addr, size, value);
  const u64 base = align_down(addr, kGranule);
  const unsigned offset = static_cast<unsigned>(addr - base);
  auto g = granule_position(s.memory, base);
  if (g == s.memory.end() || g->addr != base) g = s.memory.insert(g, Granule{base, image.granule(base)});
  const Value mask = shift_left(byte_mask(size), offset);
  const Value next = (g->data & ~mask) | (shift_left(value, offset) & mask);
  if (next == g->data) return;
  const Digest before = granule_hash(base, g->data), after = granule_hash(base, next);
  s.memory_hash_a += after.a - before.a;
  s.memory_hash_b += after.b - before.b;
  g->data = next;
}

bool contains(const Region& r, u64 addr) {
  return addr - r.base < r.size;
}

/// Whether any region, of whatever ASID, covers every byte.
bool mapped(const Program& program, u64 addr, u64 size) {
  if (is_tag_location(addr)) return true;
  if (is_foreign(program, addr)) return true;
  while (true) {
    const auto r = std::find_if(program.regions.begin(), program.regions.end(),
                                [addr](const Region& x) { return contains(x, addr); });
    if (r == program.regions.end()) return false;
    const u64 covered = r->size - (addr - r->base);
    if (covered >= size) return true;
    addr += covered;
    size -= covered;
  }
}

bool executable(const Program& program, u64 addr) {
  return permits(program, addr, kExecEl0 | kExecEl1);
}

bool data_coherent(const MachineConfig& config) {
  return config.idc || config.dic;
}

u16 newest(const CodeWord& w) {
  return static_cast<u16>(w.values.size() - 1);
}

/// `core` has made an access, fetched or done maintenance, which its next DSB waits for.
void note_performed(Storage& s, unsigned core) {
  for (CodeWord& w : s.code)
    if (w.restricted) w.performed[core] = newest(w);
}

/// Forgets the first `n` versions.
void drop_versions(CodeWord& w, unsigned n, unsigned cores) {
  if (n == 0) return;
  w.values.erase(w.values.begin(), w.values.begin() + n);
  w.cleaned = static_cast<u16>(w.cleaned - std::min<unsigned>(w.cleaned, n));
  for (std::array<u16, kMaxCores>* index : {&w.floor, &w.ordered, &w.waited, &w.performed})
    for (unsigned c = 0; c < cores; ++c)
      (*index)[c] = static_cast<u16>((*index)[c] - std::min<unsigned>((*index)[c], n));
}

/// Forgets every version that neither a core nor the point of unification can still produce, and every word
/// that is again as if it had never been written.
void forget_versions(Storage& s, unsigned cores) {
  for (CodeWord& w : s.code) {
    const u16 floor = *std::min_element(w.floor.begin(), w.floor.begin() + cores);
    drop_versions(w, std::min(floor, w.cleaned), cores);
  }
  std::erase_if(s.code, [](const CodeWord& w) { return w.values.size() == 1; });
}

void append_version(Storage& s, const MachineConfig& config, u64 addr, u32 old_word, u32 new_word) {
  auto w = code_position(s.code, addr);
  if (w == s.code.end() || w->addr != addr) {
    w = s.code.insert(w, CodeWord{});
    w->addr = addr;
    w->values.push_back(old_word);
    w->restricted = !isa::is_concurrently_modifiable(old_word, config.cmodx);
  }
  w->values.push_back(new_word);
  w->restricted |= !isa::is_concurrently_modifiable(new_word, config.cmodx);
  if (data_coherent(config) && holds(Rule::CleanByStore)) w->cleaned = newest(*w);
  if (w->values.size() > kMaxVersions) {
    drop_versions(*w, 1, config.cores);
    s.versions_dropped = true;
  }
}

/// For flags(): the words that have been written.
void note_code_write(Storage& s, u64 word) {
  if (s.first_word_written == 0) s.first_word_written = word;
  s.several_words_written |= s.first_word_written != word;
}

/// Remembers the versions of every descriptor that a write of [addr, addr + size) changes.
class DescriptorWrite {
 public:
  DescriptorWrite(Storage& s, const Image& image, const Program& program, const Access& a) : s_(s), image_(image) {
    for (const Page& p : program.pages)
      if (p.descriptor < a.addr + a.size && a.addr < p.descriptor + kDescriptor)
        old_.emplace_back(p.descriptor, read_memory(s, image, p.descriptor, kDescriptor).lo);
  }
  void finish() {
    for (const auto& [addr, value] : old_) {
      const auto at = std::lower_bound(s_.tables.begin(), s_.tables.end(), addr,
                                       [](const TableEntry& x, u64 a) { return x.addr < a; });
      const auto t = at != s_.tables.end() && at->addr == addr ? at : s_.tables.insert(at, {addr, {}, {value}});
      t->values.push_back(read_memory(s_, image_, addr, kDescriptor).lo);
    }
  }

 private:
  static constexpr unsigned kDescriptor = 8;
  Storage& s_;
  const Image& image_;
  std::vector<std::pair<u64, u64>> old_;
};

void invalidate_tlb(Storage& s, const Access& a, unsigned cores) {
  for (TableEntry& t : s.tables) {
    if (a.addr != 0 && a.addr != t.addr) continue;
    const u16 last = static_cast<u16>(t.values.size() - 1);
    for (unsigned c = a.local ? a.core : 0; c < (a.local ? a.core + 1u : cores); ++c) t.floor[c] = last;
  }
}

void write_bytes(Storage& s, const Image& image, const MachineConfig& config, const Program& program,
                 const Access& a) {
  const u64 first = align_down(a.addr, kWord), end = a.addr + a.size;
  // With DIC a fetch sees every propagated store: no history is needed.
  if (config.dic && holds(Rule::CoherentFetch)) {
    update_granule(s, image, a.addr, a.size, a.data);
    for (u64 word = first; word < end; word += kWord)
      if (executable(program, word)) note_code_write(s, word);
    return;
  }
  struct Code {
    u64 addr;
    u32 old;
  };
  std::array<Code, kGranule / kWord> code;
  std::size_t words = 0;
  for (u64 word = first; word < end; word += kWord)
    if (executable(program, word)) code[words++] = {word, static_cast<u32>(read_memory(s, image, word, kWord).lo)};
  update_granule(s, image, a.addr, a.size, a.data);
  for (std::size_t i = 0; i < words; ++i) {
    note_code_write(s, code[i].addr);
    append_version(s, config, code[i].addr, code[i].old, static_cast<u32>(read_memory(s, image, code[i].addr, kWord).lo));
  }
}

void write(Storage& s, const Image& image, const MachineConfig& config, const Program& program, const Access& a) {
  if (program.pages.empty()) return write_bytes(s, image, config, program, a);
  DescriptorWrite descriptors(s, image, program, a);
  write_bytes(s, image, config, program, a);
  descriptors.finish();
}

u64 read_descriptor(const Storage& s, const Image& image, const Access& a) {
  const TableEntry* t = find_table(s, a.addr);
  if (t == nullptr) return read_memory(s, image, a.addr, 8).lo;
  if (a.version >= t->values.size()) throw InternalError("a version of a descriptor that does not exist");
  return t->values[a.version];
}

u32 fetch(const Storage& s, const Image& image, const Access& a) {
  const CodeWord* w = find_code(s, a.addr);
  if (w == nullptr) return static_cast<u32>(read_memory(s, image, a.addr, kWord).lo);
  if (a.version >= w->values.size()) throw InternalError("fetch of a version that does not exist");
  return w->values[a.version];
}

/// Raises the floor of the cores in [first, end) to the point of unification for the words in [lo, hi].
void invalidate(Storage& s, const MachineConfig& config, u64 lo, u64 hi, unsigned first, unsigned end) {
  if (!holds(Rule::FloorRises)) return;
  for (CodeWord& w : s.code) {
    if (w.addr < lo || w.addr > hi) continue;
    const u16 floor = holds(Rule::FloorIsClean) ? w.cleaned : newest(w);
    for (unsigned c = first; c < end; ++c) w.floor[c] = std::max(w.floor[c], floor);
    if (w.restricted)
      for (unsigned c = first; c < end; ++c) w.ordered[c] = newest(w);
  }
  forget_versions(s, config.cores);
}

/// ICC_SGI1R_EL1 (GICv3, IHI 0069): target list 15:0, Aff1 23:16, INTID 27:24, Aff2 39:32, IRM 40, RS 47:44,
/// Aff3 55:48. Cores are Aff0 of the cluster 0.0.0; other targets do not exist and the interrupt is dropped.
void send_sgi(Interrupts& irq, unsigned cores, unsigned sender, u64 v) {
  const u32 pending = u32{1} << bits(v, 27, 24);
  if (bit(v, 40) != 0) {
    for (unsigned c = 0; c < cores; ++c)
      if (c != sender) irq.pending[c] |= pending;
    return;
  }
  if (bits(v, 23, 16) != 0 || bits(v, 39, 32) != 0 || bits(v, 55, 48) != 0 || bits(v, 47, 44) != 0) return;
  for (unsigned c = 0; c < cores; ++c)
    if (bit(v, c) != 0) irq.pending[c] |= pending;
}

u64 acknowledge(Interrupts& irq, unsigned core) {
  constexpr u64 kSpurious = 1023;
  const u32 candidates = signalled(irq, core);
  if (candidates == 0) return kSpurious;
  const u32 lowest = candidates & (~candidates + 1);
  irq.pending[core] &= ~lowest;
  irq.active[core] |= lowest;
  return static_cast<u64>(__builtin_ctz(lowest));
}

}  // namespace

Image::Image(const Program& program)
    : segments_(program.segments), map_(program.map), map_limit_(map_ != nullptr ? map_->limit() : 0) {
  std::sort(segments_.begin(), segments_.end(),
            [](const Segment& a, const Segment& b) { return a.base < b.base; });
}

u8 Image::byte(u64 addr) const {
  if (const MemoryMap* map = owner(addr)) return map->granule(addr).byte(addr % kGranule);
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), addr,
                                     [](u64 a, const Segment& s) { return a < s.base; });
  if (next == segments_.begin()) return 0;
  const Segment& s = *std::prev(next);
  return addr - s.base < s.bytes.size() ? s.bytes[addr - s.base] : u8{0};
}

Value Image::granule(u64 addr) const {
  const u64 base = align_down(addr, kGranule);
  if (const MemoryMap* map = owner(base)) return map->granule(base);
  auto at = std::upper_bound(segments_.begin(), segments_.end(), base,
                             [](u64 a, const Segment& s) { return a < s.base; });
  if (at != segments_.begin()) --at;
  Value v;
  static_assert(std::endian::native == std::endian::little && sizeof v == kGranule);
  if (at != segments_.end() && at->base <= base && base + kGranule <= at->base + at->bytes.size()) {
    std::memcpy(&v, &at->bytes[base - at->base], kGranule);
    return v;
  }
  for (; at != segments_.end() && at->base < base + kGranule; ++at) {
    const u64 end = std::min(base + kGranule, at->base + at->bytes.size());
    for (u64 a = std::max(base, at->base); a < end; ++a) v.set_byte(static_cast<unsigned>(a - base), at->bytes[a - at->base]);
  }
  return v;
}

void perform(Storage& s, const Image& image, const MachineConfig& config, const Program& program, Access& a) {
  a.ok = true;
  switch (a.kind) {
    case AccessKind::Read:
      a.ok = mapped(program, a.addr, a.size);
      if (a.ok) a.data = read_memory(s, image, a.addr, a.size);
      note_read(s, a.core);
      break;
    case AccessKind::Write:
      a.ok = mapped(program, a.addr, a.size);
      if (a.ok) write(s, image, config, program, a);
      note_performed(s, a.core);
      if (a.exclusive) note_read(s, a.core);  // its success is read
      break;
    case AccessKind::Fetch:
      a.ok = mapped(program, a.addr, kWord);
      if (a.ok) a.data = {fetch(s, image, a), 0};
      note_performed(s, a.core);
      break;
    case AccessKind::CleanData:
      if (!holds(Rule::Clean)) break;
      for (CodeWord& w : s.code)
        if (align_down(w.addr, config.line_bytes) == align_down(a.addr, config.line_bytes))
          w.cleaned = newest(w);
      note_performed(s, a.core);
      forget_versions(s, config.cores);
      break;
    case AccessKind::InvalidateLine: {
      note_performed(s, a.core);
      const u64 line = align_down(a.addr, config.line_bytes);
      const bool all = holds(Rule::FloorBroadcast);
      invalidate(s, config, line, line + (config.line_bytes - 1), all ? 0 : a.core, all ? config.cores : a.core + 1u);
      break;
    }
    case AccessKind::InvalidateAllLocal:
      note_performed(s, a.core);
      if (holds(Rule::FloorLocal)) {
        invalidate(s, config, 0, ~u64{0}, a.core, a.core + 1u);
        break;
      }
      [[fallthrough]];
    case AccessKind::InvalidateAll:
      note_performed(s, a.core);
      invalidate(s, config, 0, ~u64{0}, 0, config.cores);
      break;
    case AccessKind::ReadDescriptor:
      a.ok = mapped(program, a.addr, 8);
      if (a.ok) a.data = {read_descriptor(s, image, a), 0};
      break;
    case AccessKind::InvalidateTlb:
      if (holds(Rule::TRFloor)) invalidate_tlb(s, a, config.cores);
      break;
    case AccessKind::SendSgi: send_sgi(s.irq, config.cores, a.core, a.addr); break;
    case AccessKind::Acknowledge: a.data = {acknowledge(s.irq, a.core), 0}; break;
    case AccessKind::EndOfInterrupt:
      if (a.addr < 32) s.irq.active[a.core] &= ~(u32{1} << a.addr);
      break;
    case AccessKind::TimerInterrupt:
      s.irq.pending[a.core] |= u32{1} << kVirtualTimerIntid;
      if (s.irq.ticks[a.core] != 0) --s.irq.ticks[a.core];
      break;
  }
}

Value read_memory(const Storage& s, const Image& image, u64 addr, unsigned size) {
  const u64 base = align_down(addr, kGranule);
  const unsigned offset = static_cast<unsigned>(addr - base);
  Value v = shift_right(current_granule(s, image, base), offset);
  if (offset + size > kGranule)
    v = v | shift_left(current_granule(s, image, base + kGranule), static_cast<unsigned>(kGranule) - offset);
  return v & byte_mask(size);
}

void write_memory(Storage& s, const Image& image, u64 addr, unsigned size, const Value& value) {
  const unsigned room = static_cast<unsigned>(kGranule - (addr & (kGranule - 1)));
  update_granule(s, image, addr, std::min(size, room), value);
  if (size > room) update_granule(s, image, addr + room, size - room, shift_right(value, room));
  std::erase_if(s.code,
                [addr, size](const CodeWord& w) { return w.addr + kWord > addr && w.addr < addr + size; });
}

const CodeWord* find_code(const Storage& s, u64 addr) {
  const auto w = std::lower_bound(s.code.begin(), s.code.end(), addr,
                                  [](const CodeWord& x, u64 a) { return x.addr < a; });
  return w != s.code.end() && w->addr == addr ? &*w : nullptr;
}

const TableEntry* find_table(const Storage& s, u64 addr) {
  const auto t = std::lower_bound(s.tables.begin(), s.tables.end(), addr,
                                  [](const TableEntry& x, u64 a) { return x.addr < a; });
  return t != s.tables.end() && t->addr == addr ? &*t : nullptr;
}

FetchRange usable_descriptors(const Storage& s, u64 addr, unsigned core) {
  const TableEntry* t = find_table(s, addr);
  if (t == nullptr) return {};
  return {t->floor[core], static_cast<u16>(t->values.size() - t->floor[core])};
}

u32 signalled(const Interrupts& irq, unsigned core) {
  return irq.active[core] != 0 ? 0 : irq.pending[core];
}

FetchRange fetchable(const Storage& s, const MachineConfig& config, u64 addr, unsigned core) {
  const CodeWord* w = find_code(s, addr);
  if (w == nullptr) return {};
  const u16 count = static_cast<u16>(w->values.size());
  if ((config.dic && holds(Rule::CoherentFetch)) || !holds(Rule::FetchOldest)) return {static_cast<u16>(count - 1), 1};
  return {w->floor[core], static_cast<u16>(count - w->floor[core])};
}

void note_read(Storage& s, unsigned core) {
  for (CodeWord& w : s.code)
    if (w.restricted) w.waited[core] = newest(w);
}

void note_dsb(Storage& s, unsigned core) {
  for (CodeWord& w : s.code) w.waited[core] = std::max(w.waited[core], w.performed[core]);
}

void order_before_fetches(Storage& s, unsigned core, bool interrupt) {
  for (CodeWord& w : s.code)
    if (w.restricted) w.ordered[core] = interrupt ? newest(w) : std::max(w.ordered[core], w.waited[core]);
}

bool fetch_conflicts(const Storage& s, const MachineConfig& config, u64 addr, unsigned version, unsigned core) {
  const CodeWord* w = find_code(s, addr);
  if (w == nullptr || !w->restricted) return false;
  const auto restricted = [&](unsigned i) { return !isa::is_concurrently_modifiable(w->values[i], config.cmodx); };
  for (unsigned i = std::max<unsigned>(version, w->ordered[core]) + 1; i < w->values.size(); ++i)
    if (restricted(version) || restricted(i)) return true;
  return false;
}

void hash(const Storage& s, Hasher& h, unsigned cores) {
  h.word(s.memory_hash_a);
  h.word(s.memory_hash_b);
  h.word(s.time);
  h.word(s.code.size());
  for (const CodeWord& w : s.code) {
    h.word(w.addr);
    h.word(w.cleaned | (u64{w.values.size()} << 32));
    for (unsigned c = 0; c < cores; ++c)
      h.word(w.floor[c] | u64{w.ordered[c]} << 16 | u64{w.waited[c]} << 32 | u64{w.performed[c]} << 48);
    for (const u32 v : w.values) h.word(v);
  }
  for (const TableEntry& t : s.tables) {
    h.word(t.addr);
    h.word(t.values.size());
    for (unsigned c = 0; c < cores; ++c) h.word(t.floor[c]);
    for (const u64 v : t.values) h.word(v);
  }
  for (unsigned c = 0; c < cores; ++c) {
    h.word(s.irq.pending[c] | (u64{s.irq.active[c]} << 32));
    h.word(s.irq.ticks[c]);
  }
}

}  // namespace isobar::model
