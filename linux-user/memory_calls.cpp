// brk, mmap, munmap, mprotect, madvise (Linux mm/mmap.c, mm/mprotect.c, mm/madvise.c).
#include <algorithm>
#include <iterator>
#include <string_view>

#include "linux-user/system.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

using functional::kAddressLimit;
using functional::kPageSize;

constexpr u64 kLowestMapping = 0x10000;
constexpr u64 kProtRead = 1, kProtWrite = 2, kProtExecute = 4, kProtSemaphores = 8, kProtGuarded = 0x10, kProtTagged = 0x20, kProtGrowsDown = 1u << 24,
              kProtGrowsUp = 1u << 25;
constexpr u64 kMapShared = 1, kMapPrivate = 2, kMapSharedValidate = 3, kMapType = 15, kMapFixed = 0x10,
              kMapAnonymous = 0x20, kMapFixedNoReplace = 0x100000;

u64 page_up(u64 v) {
  return align_down(v + kPageSize - 1, kPageSize);
}

u8 permissions_of(const Process& process, u64 protection) {
  u8 p = 0;
  if (process.system.options.tagging && (protection & kProtTagged) != 0) p |= functional::kTagged;
  if (process.system.options.guarding && (protection & kProtGuarded) != 0) p |= functional::kGuarded;
  if ((protection & kProtRead) != 0) p |= functional::kRead;
  if ((protection & kProtWrite) != 0) p |= functional::kWrite;
  if ((protection & kProtExecute) != 0) p |= functional::kExecute;
  return p;
}

/// The highest free place of `size` bytes below `top`; 0 if there is none.
u64 find_place(const functional::Memory& memory, u64 size, u64 top) {
  u64 end = top;
  const auto& regions = memory.regions();
  for (auto it = std::make_reverse_iterator(regions.lower_bound(top)); it != regions.rend(); ++it) {
    if (it->second.end <= end && end - it->second.end >= size) return end - size;
    end = std::min(end, it->first);
  }
  return end >= size + kLowestMapping ? end - size : 0;
}

i64 brk(Process& p, Thread&, const Call& c) {
  const u64 wanted = c.a[0];
  if (wanted < p.space->break_start || wanted >= p.space->mapping_top) return static_cast<i64>(p.space->break_end);
  const u64 old = page_up(p.space->break_end), end = page_up(wanted);
  if (end > old) {
    if (p.memory().overlaps(old, end)) return static_cast<i64>(p.space->break_end);
    p.memory().map(old, end, functional::kRead | functional::kWrite);
  } else if (end < old) {
    p.memory().unmap(end, old);
    p.space->note(end, old);
  }
  p.space->break_end = wanted;
  return static_cast<i64>(wanted);
}

i64 mmap(Process& p, Thread&, const Call& c) {
  constexpr u64 kHugePages = 0x40000;
  const u64 hint = c.a[0], protection = c.a[2], flags = c.a[3], offset = c.a[5];
  if (offset % kPageSize != 0) return -kEINVAL;
  const bool anonymous = (flags & kMapAnonymous) != 0;
  const std::shared_ptr<File> file = anonymous ? nullptr : p.file(c.a[4]);
  if (!anonymous && file == nullptr) return -kEBADF;
  if (c.a[1] == 0) return -kEINVAL;
  const u64 size = page_up(c.a[1]);
  if (size == 0 || size > kAddressLimit) return -kENOMEM;
  const u64 type = flags & kMapType;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return -kEINVAL;
  // linux/mman.h: LEGACY_MAP_MASK without the type.
  constexpr u64 kKnownFlags = 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | kHugePages |
                              u64{0x3f} << 26;
  if (type == kMapSharedValidate && anonymous) return -kEINVAL;
  if (type == kMapSharedValidate && (flags & ~(kKnownFlags | kMapType)) != 0) return -kEOPNOTSUPP;
  // None are reserved.
  if (anonymous && (flags & kHugePages) != 0) return -kENOMEM;
  u64 at = 0;
  if ((flags & (kMapFixed | kMapFixedNoReplace)) != 0) {
    if (hint % kPageSize != 0) return -kEINVAL;
    if (hint > kAddressLimit - size) return -kENOMEM;
    if (hint < kLowestMapping) return -kEPERM;
    if ((flags & kMapFixedNoReplace) != 0 && p.memory().overlaps(hint, hint + size)) return -kEEXIST;
    at = hint;
  } else {
    at = align_down(hint, kPageSize);
    if (at < kLowestMapping || at > kAddressLimit - size || p.memory().overlaps(at, at + size))
      at = find_place(p.memory(), size, p.space->mapping_top);
    if (at == 0) return -kENOMEM;
  }
  if (file != nullptr &&
      (!file->is_readable() || (type != kMapPrivate && (protection & kProtWrite) != 0 && !file->is_writable())))
    return -kEACCES;
  if (anonymous || file->is_zeros()) {
    std::shared_ptr<functional::Object> object;
    if (type != kMapPrivate) object = std::make_shared<functional::Object>(p.memory().pool(), size);
    p.memory().map(at, at + size, permissions_of(p, protection), std::move(object));
    p.space->note(at, at + size);
    return static_cast<i64>(at);
  }
  const std::shared_ptr<functional::Object> object = file->object();
  if (!file->has_position()) return -kENODEV;
  if (p.system.options.tagging && (protection & kProtTagged) != 0 && object == nullptr) return -kEINVAL;
  p.space->note(at, at + size, true);
  // Host files are read-only here, so that a shared mapping of one is as good as a private one.
  if (object != nullptr && type != kMapPrivate) {
    p.memory().map(at, at + size, permissions_of(p, protection), object, offset);
    return static_cast<i64>(at);
  }
  p.memory().map(at, at + size, permissions_of(p, protection));
  if (object != nullptr) {
    p.memory().copy_from(*object, offset, at, at + size);
    return static_cast<i64>(at);
  }
  std::string bytes;
  file->read(offset, size, bytes);
  p.memory().write(at, bytes.data(), bytes.size(), 0);
  return static_cast<i64>(at);
}

i64 munmap(Process& p, Thread&, const Call& c) {
  const u64 at = Process::untag(c.a[0]), size = page_up(c.a[1]);
  if (at % kPageSize != 0 || size == 0 || size > kAddressLimit || at > kAddressLimit - size) return -kEINVAL;
  p.memory().unmap(at, at + size);
  p.space->note(at, at + size);
  return 0;
}

i64 mprotect(Process& p, Thread&, const Call& c) {
  const u64 at = Process::untag(c.a[0]), protection = c.a[2];
  const u64 grows = kProtGrowsDown | kProtGrowsUp;
  if ((protection & grows) == grows) return -kEINVAL;
  if (at % kPageSize != 0) return -kEINVAL;
  if (c.a[1] == 0) return 0;
  const u64 size = page_up(c.a[1]);
  if (size == 0 || at + size <= at) return -kENOMEM;
  const u64 known = kProtRead | kProtWrite | kProtExecute | kProtSemaphores | grows |
                    (p.system.options.tagging ? kProtTagged : 0) | (p.system.options.guarding ? kProtGuarded : 0);
  if ((protection & ~known) != 0) return -kEINVAL;
  if (at + size > kAddressLimit) return -kENOMEM;
  // Up to the first hole the change happens.
  u64 end = at;
  while (end < at + size) {
    const functional::Region* r = p.memory().find(end);
    if (r == nullptr) break;
    end = std::min(r->end, at + size);
  }
  if (end > at) p.memory().protect(at, end, permissions_of(p, protection));
  return end == at + size ? 0 : -kENOMEM;
}

RangeNote note_of(const AddressSpace& space, u64 address) {
  auto it = space.notes.upper_bound(address);
  if (it == space.notes.begin() || (--it)->second.end <= address) return {};
  return it->second;
}

/// Moves or resizes a mapping by copying what there is of it.
i64 mremap(Process& p, Thread&, const Call& c) {
  constexpr u64 kMayMove = 1, kFixed = 2;
  const u64 at = c.a[0], old_size = page_up(c.a[1]), new_size = page_up(c.a[2]), flags = c.a[3];
  if ((flags & ~(kMayMove | kFixed)) != 0 || ((flags & kFixed) != 0 && (flags & kMayMove) == 0)) return -kEINVAL;
  if (at % kPageSize != 0 || new_size == 0 || old_size == 0) return -kEINVAL;
  if (new_size > kAddressLimit || old_size > kAddressLimit || at > kAddressLimit - old_size) return -kEINVAL;
  const functional::Region* r = p.memory().find(at);
  if (r == nullptr || r->end < at + old_size) return -kEFAULT;
  const u8 permissions = r->permissions;
  const std::shared_ptr<functional::Object> object = r->object;
  const u64 offset = object == nullptr ? 0 : p.memory().object_offset(at);
  const bool moves = (flags & kFixed) != 0;
  if (!moves && new_size <= old_size) {
    if (new_size < old_size) {
      p.memory().unmap(at + new_size, at + old_size);
      p.space->note(at + new_size, at + old_size);
    }
    return static_cast<i64>(at);
  }
  const RangeNote known = note_of(*p.space, at);
  if (!moves && at <= kAddressLimit - new_size && !p.memory().overlaps(at + old_size, at + new_size)) {
    p.memory().map(at + old_size, at + new_size, permissions, object, offset + old_size);
    p.space->note(at + old_size, at + new_size, known.is_file, known.name);
    return static_cast<i64>(at);
  }
  if ((flags & kMayMove) == 0) return -kENOMEM;
  u64 to = c.a[4];
  if (moves) {
    if (to % kPageSize != 0 || to < kLowestMapping || to > kAddressLimit - new_size) return -kEINVAL;
    if (to < at + old_size && at < to + new_size) return -kEINVAL;
  } else {
    to = find_place(p.memory(), new_size, p.space->mapping_top);
    if (to == 0) return -kENOMEM;
  }
  p.memory().map(to, to + new_size, permissions, object, offset);
  p.memory().move(at, to, std::min(old_size, new_size));
  p.memory().unmap(at, at + old_size);
  p.space->note(at, at + old_size);
  p.space->note(to, to + new_size, known.is_file, known.name);
  return static_cast<i64>(to);
}

i64 madvise(Process& p, Thread&, const Call& c) {
  constexpr u64 kDontNeed = 4, kFree = 8, kLast = 25;
  const u64 at = Process::untag(c.a[0]), size = page_up(c.a[1]), advice = c.a[2];
  const bool known = advice <= 4 || (advice >= 8 && advice <= kLast);
  if (!known || at % kPageSize != 0 || (c.a[1] != 0 && size == 0) || at + size < at) return -kEINVAL;
  if (size == 0) return 0;
  if (at + size > kAddressLimit || !p.memory().covered(at, at + size)) return -kENOMEM;
  if (advice == kDontNeed || advice == kFree) p.memory().discard(at, at + size);
  return 0;
}

/// One byte for each page: 1 if it exists.
i64 mincore(Process& p, Thread&, const Call& c) {
  const u64 at = Process::untag(c.a[0]), size = page_up(c.a[1]);
  if (at % kPageSize != 0) return -kEINVAL;
  if ((size == 0 && c.a[1] != 0) || size > kAddressLimit || at > kAddressLimit - size) return -kENOMEM;
  for (u64 done = 0; done < size; done += kPageSize) {
    if (p.memory().find(at + done) == nullptr) return -kENOMEM;
    if (!p.put(c.a[2] + done / kPageSize, static_cast<u8>(p.memory().is_resident(at + done)))) return -kEFAULT;
  }
  return 0;
}

/// Everything is written at once and stays in memory: what remains are the checks.
i64 check_range(Process& p, u64 address, u64 length) {
  const u64 at = Process::untag(address), begin = align_down(at, kPageSize), end = page_up(at + length);
  if (length == 0) return 0;
  if (at + length < at || end > kAddressLimit) return -kENOMEM;
  return p.memory().covered(begin, end) ? 0 : -kENOMEM;
}

i64 msync(Process& p, Thread&, const Call& c) {
  constexpr u64 kAsynchronous = 1, kInvalidate = 2, kSynchronous = 4;
  if ((c.a[2] & ~(kAsynchronous | kInvalidate | kSynchronous)) != 0 || Process::untag(c.a[0]) % kPageSize != 0) return -kEINVAL;
  if ((c.a[2] & (kAsynchronous | kSynchronous)) == (kAsynchronous | kSynchronous)) return -kEINVAL;
  return check_range(p, c.a[0], c.a[1]);
}

i64 mlock(Process& p, Thread&, const Call& c) {
  return check_range(p, c.a[0], c.a[1]);
}

i64 mlock2(Process& p, Thread& t, const Call& c) {
  constexpr u32 kOnFault = 1;
  return (static_cast<u32>(c.a[2]) & ~kOnFault) != 0 ? -kEINVAL : mlock(p, t, c);
}

i64 mlockall(Process&, Thread&, const Call& c) {
  constexpr u64 kCurrent = 1, kFuture = 2, kOnFault = 4;
  const u64 flags = static_cast<u32>(c.a[0]);
  return (flags & ~(kCurrent | kFuture | kOnFault)) != 0 || flags == 0 || flags == kOnFault ? -kEINVAL : 0;
}

i64 munlockall(Process&, Thread&, const Call&) {
  return 0;
}

/// System V shared memory: a segment lives until it is removed and nobody maps it.
i64 shmget(Process& p, Thread&, const Call& c) {
  constexpr u64 kCreateFlag = 01000, kExclusiveFlag = 02000, kMost = 512;
  auto& segments = p.system.segments;
  const u64 key = static_cast<u32>(c.a[0]);
  const auto known = std::find_if(segments.begin(), segments.end(), [&](const auto& s) { return s.second.key == key; });
  if (key != 0 && known != segments.end()) {
    if ((c.a[2] & kCreateFlag) != 0 && (c.a[2] & kExclusiveFlag) != 0) return -kEEXIST;
    return c.a[1] > known->second.object->size() ? -kEINVAL : known->first;
  }
  if (key != 0 && (c.a[2] & kCreateFlag) == 0) return -kENOENT;
  if (c.a[1] == 0 || c.a[1] > kAddressLimit) return -kEINVAL;
  if (segments.size() >= kMost) return -kENOSPC;
  const i32 id = p.system.next_segment++;
  segments[id] = {key, std::make_shared<functional::Object>(p.memory().pool(), page_up(c.a[1]))};
  return id;
}

i64 shmat(Process& p, Thread&, const Call& c) {
  constexpr u64 kReadOnly = 010000, kRound = 020000, kExecutable = 0100000;
  const auto segment = p.system.segments.find(static_cast<i32>(c.a[0]));
  if (segment == p.system.segments.end()) return -kEINVAL;
  const std::shared_ptr<functional::Object> object = segment->second.object;
  u64 at = c.a[1];
  if ((c.a[2] & kRound) != 0) at = align_down(at, kPageSize);
  if (at % kPageSize != 0 || at > kAddressLimit - object->size()) return -kEINVAL;
  if (at == 0) at = find_place(p.memory(), object->size(), p.space->mapping_top);
  if (at == 0) return -kENOMEM;
  if (at < kLowestMapping || p.memory().overlaps(at, at + object->size())) return -kEINVAL;
  const u8 access = (c.a[2] & kReadOnly) != 0 ? functional::kRead : functional::kRead | functional::kWrite;
  const u8 code = (c.a[2] & kExecutable) != 0 ? functional::kExecute : 0;
  p.memory().map(at, at + object->size(), access | code, object);
  p.space->segments[at] = object->size();
  p.space->note(at, at + object->size(), true);
  return static_cast<i64>(at);
}

i64 shmdt(Process& p, Thread&, const Call& c) {
  const auto segment = p.space->segments.find(c.a[0]);
  if (segment == p.space->segments.end()) return -kEINVAL;
  p.memory().unmap(segment->first, segment->first + segment->second);
  p.space->note(segment->first, segment->first + segment->second);
  p.space->segments.erase(segment);
  return 0;
}

i64 shmctl(Process& p, Thread&, const Call& c) {
  constexpr u64 kRemove = 0, kNewLayout = 0x100;
  const u64 command = static_cast<u32>(c.a[1]) & ~kNewLayout;
  if (p.system.segments.count(static_cast<i32>(c.a[0])) == 0 || command != kRemove) return -kEINVAL;
  p.system.segments.erase(static_cast<i32>(c.a[0]));
  return 0;
}

}  // namespace

void AddressSpace::note(u64 begin, u64 end, bool is_file, std::optional<std::string> name) {
  auto it = notes.upper_bound(begin);
  if (it != notes.begin()) --it;
  while (it != notes.end() && it->first < end) {
    const u64 first = it->first;
    const RangeNote old = it->second;
    if (old.end <= begin) {
      ++it;
      continue;
    }
    it = notes.erase(it);
    if (first < begin) notes[first] = {begin, old.is_file, old.name};
    if (old.end > end) notes[end] = old;
  }
  if (is_file || name) notes[begin] = {end, is_file, std::move(name)};
}

i64 name_range(Process& p, u64 address, u64 length, u64 name_at) {
  constexpr u64 kNameLimit = 80;
  std::optional<std::string> name;
  if (name_at != 0) {
    name = p.text(name_at, kNameLimit);
    char last = 0;
    if (!name) return p.get(name_at + kNameLimit - 1, last) ? -kEINVAL : -kEFAULT;
    const auto is_bad = [](char ch) { return ch <= 0x1f || ch >= 0x7f || std::string_view("\\`$[]").find(ch) != std::string_view::npos; };
    if (std::any_of(name->begin(), name->end(), is_bad)) return -kEINVAL;
  }
  const u64 at = Process::untag(address), size = page_up(length);
  if (at % kPageSize != 0 || (length != 0 && size == 0) || at + size < at) return -kEINVAL;
  if (at + size > kAddressLimit) return -kENOMEM;
  bool holes = false;
  for (u64 begin = at; begin < at + size;) {
    const functional::Region* r = p.memory().find(begin);
    if (r == nullptr) {
      holes = true;
      const auto next = p.memory().regions().upper_bound(begin);
      begin = next == p.memory().regions().end() ? at + size : next->first;
      continue;
    }
    const RangeNote known = note_of(*p.space, begin);
    u64 end = std::min(r->end, at + size);
    if (known.end != 0) {
      end = std::min(end, known.end);
    } else if (const auto next = p.space->notes.upper_bound(begin); next != p.space->notes.end()) {
      end = std::min(end, next->first);
    }
    if (known.is_file) return -kEBADF;
    p.space->note(begin, end, false, name);
    begin = end;
  }
  return holes ? -kENOMEM : 0;
}

std::vector<SystemCall> memory_calls() {
  return {{194, "shmget", 3, shmget},
          {195, "shmctl", 3, shmctl},
          {196, "shmat", 3, shmat},
          {197, "shmdt", 1, shmdt},
          {227, "msync", 3, msync},
          {228, "mlock", 2, mlock},
          {229, "munlock", 2, mlock},
          {284, "mlock2", 3, mlock2},
          {230, "mlockall", 1, mlockall},
          {232, "mincore", 3, mincore},
          {231, "munlockall", 0, munlockall},
          {214, "brk", 1, brk},
          {215, "munmap", 2, munmap},
          {216, "mremap", 5, mremap},
          {222, "mmap", 6, mmap},
          {226, "mprotect", 3, mprotect},
          {233, "madvise", 3, madvise}};
}

}  // namespace isobar::linux_user
