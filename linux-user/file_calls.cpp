// System calls on open files: reading, writing, waiting, copying descriptors (Linux fs/read_write.c, fs/fcntl.c,
// fs/select.c).
#include <algorithm>
#include <array>

#include "linux-user/clock.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

constexpr u64 kMaxTransfer = 16 << 20;

struct Vector {
  u64 address = 0, size = 0;
};
using Vectors = std::vector<Vector>;

i64 read_vectors(Process& p, const Call& c, Vectors& to) {
  if (static_cast<i32>(c.a[2]) < 0 || c.a[2] > 1024) return -kEINVAL;
  for (u64 i = 0; i < c.a[2]; ++i) {
    Vector v;
    if (!p.get(c.a[1] + i * sizeof v, v)) return -kEFAULT;
    if (static_cast<i64>(v.size) < 0) return -kEINVAL;
    if (v.size != 0) to.push_back(v);
  }
  return 0;
}

/// The call waits until something has happened to a file.
i64 wait_for_event(Thread& t, bool restarts, std::optional<u64> deadline = std::nullopt) {
  Wait w;
  w.kind = Wait::Kind::Event;
  w.restarts = restarts;
  w.deadline = deadline;
  t.wait = w;
  return kNoResult;
}

/// `offset`: of pread64() and pwrite64(), which leave the position alone.
i64 write_parts(Process& p, Thread& t, u64 fd, const Vectors& parts, std::optional<u64> offset) {
  const std::shared_ptr<File> f = p.file(fd);
  if (f == nullptr || !f->is_writable()) return -kEBADF;
  if (offset && !f->has_position()) return -kESPIPE;
  if (offset && static_cast<i64>(*offset) < 0) return -kEINVAL;
  std::string bytes;
  u64 asked = 0;
  for (const Vector& v : parts) {
    const u64 before = bytes.size(), size = std::min(v.size, kMaxTransfer - before);
    asked += size;
    bytes.resize(before + size);
    const u64 done = p.copy_in(v.address, bytes.data() + before, size);
    bytes.resize(before + done);
    if (done != v.size) break;
  }
  if (bytes.empty() && asked != 0) return -kEFAULT;
  bytes.erase(0, t.transferred);
  if ((f->flags & kAppend) != 0 && f->has_position()) (offset ? *offset : f->position) = f->size();
  const i64 done = f->write(offset.value_or(f->position), bytes);
  if (done == -kEPIPE) {
    SignalInfo info;
    info.number = kSigpipe;
    info.sender = p.pid;
    info.user = 1000;
    p.send(t, info);
  }
  if (done < 0 && done != -kEAGAIN) return t.transferred != 0 ? static_cast<i64>(t.transferred) : done;
  if (done > 0) t.transferred += static_cast<u64>(done);
  if (done > 0 && !offset && f->has_position()) f->position += static_cast<u64>(done);
  const bool all = done >= 0 && static_cast<u64>(done) == bytes.size();
  if (!all && (f->flags & kNonBlocking) == 0 && !f->has_position()) return wait_for_event(t, true);
  return done == -kEAGAIN && t.transferred == 0 ? done : static_cast<i64>(t.transferred);
}

i64 read_parts(Process& p, Thread& t, u64 fd, const Vectors& parts, std::optional<u64> offset) {
  const std::shared_ptr<File> f = p.file(fd);
  if (f == nullptr || !f->is_readable()) return -kEBADF;
  if (offset && !f->has_position()) return -kESPIPE;
  if (offset && static_cast<i64>(*offset) < 0) return -kEINVAL;
  u64 size = 0;
  for (const Vector& v : parts) {
    // Checked first, so that no input is lost.
    if (!p.can_write(v.address)) {
      if (size == 0) return -kEFAULT;
      break;
    }
    size += std::min(v.size, kMaxTransfer - size);
  }
  std::string bytes;
  const i64 result = f->read(offset.value_or(f->position), size, bytes);
  if (result == -kEAGAIN && (f->flags & kNonBlocking) == 0) return wait_for_event(t, true);
  if (result < 0) return result;
  u64 done = 0;
  for (const Vector& v : parts) {
    const u64 part = std::min<u64>(v.size, bytes.size() - done);
    const u64 written = p.copy_out(v.address, bytes.data() + done, part);
    done += written;
    if (written != part) break;
  }
  if (done == 0 && !bytes.empty()) return -kEFAULT;
  if (!offset && f->has_position()) f->position += done;
  return static_cast<i64>(done);
}

Vectors one_part(const Call& c) {
  return c.a[2] == 0 ? Vectors{} : Vectors{{c.a[1], c.a[2]}};
}

i64 write(Process& p, Thread& t, const Call& c) {
  return static_cast<i64>(c.a[2]) < 0 ? -kEINVAL : write_parts(p, t, c.a[0], one_part(c), std::nullopt);
}
i64 read(Process& p, Thread& t, const Call& c) {
  return static_cast<i64>(c.a[2]) < 0 ? -kEINVAL : read_parts(p, t, c.a[0], one_part(c), std::nullopt);
}
i64 pwrite64(Process& p, Thread& t, const Call& c) {
  return write_parts(p, t, c.a[0], one_part(c), c.a[3]);
}
i64 pread64(Process& p, Thread& t, const Call& c) {
  return read_parts(p, t, c.a[0], one_part(c), c.a[3]);
}
i64 writev(Process& p, Thread& t, const Call& c) {
  Vectors parts;
  const i64 result = read_vectors(p, c, parts);
  return result < 0 ? result : write_parts(p, t, c.a[0], parts, std::nullopt);
}
i64 readv(Process& p, Thread& t, const Call& c) {
  Vectors parts;
  const i64 result = read_vectors(p, c, parts);
  return result < 0 ? result : read_parts(p, t, c.a[0], parts, std::nullopt);
}
/// The two halves of the offset are those of a 32-bit kernel: here the first is all of it.
i64 pwritev(Process& p, Thread& t, const Call& c) {
  Vectors parts;
  if (static_cast<i64>(c.a[3]) < 0) return -kEINVAL;
  const i64 result = read_vectors(p, c, parts);
  return result < 0 ? result : write_parts(p, t, c.a[0], parts, c.a[3]);
}
i64 preadv(Process& p, Thread& t, const Call& c) {
  Vectors parts;
  if (static_cast<i64>(c.a[3]) < 0) return -kEINVAL;
  const i64 result = read_vectors(p, c, parts);
  return result < 0 ? result : read_parts(p, t, c.a[0], parts, c.a[3]);
}

i64 close(Process& p, Thread&, const Call& c) {
  return p.files->erase(static_cast<i32>(c.a[0])) != 0 ? 0 : -kEBADF;
}

i64 close_range(Process& p, Thread&, const Call& c) {
  constexpr u64 kUnshare = 2, kSetCloseOnExec = 4;
  const u64 first = static_cast<u32>(c.a[0]), last = static_cast<u32>(c.a[1]), flags = static_cast<u32>(c.a[2]);
  if ((flags & ~(kUnshare | kSetCloseOnExec)) != 0 || last < first) return -kEINVAL;
  if ((flags & kUnshare) != 0) p.files = std::make_shared<FileTable>(*p.files);
  for (auto it = p.files->begin(); it != p.files->end();) {
    const u64 number = static_cast<u64>(it->first);
    if (number < first || number > last) {
      ++it;
    } else if ((flags & kSetCloseOnExec) != 0) {
      it++->second.close_on_exec = true;
    } else {
      it = p.files->erase(it);
    }
  }
  return 0;
}

i64 lseek(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr) return -kEBADF;
  if (!f->has_position()) return f->seek_result();
  constexpr u64 kCurrent = 1, kEnd = 2, kData = 3, kHole = 4;
  if (c.a[2] > kHole) return -kEINVAL;
  if (c.a[2] >= kData) {  // everything is data
    if (c.a[1] >= f->size()) return -kENXIO;
    f->position = c.a[2] == kData ? c.a[1] : f->size();
    return static_cast<i64>(f->position);
  }
  const u64 base = c.a[2] == kCurrent ? f->position : c.a[2] == kEnd ? f->size() : 0;
  const i64 to = static_cast<i64>(base + c.a[1]);
  if (to < 0) return -kEINVAL;
  f->position = static_cast<u64>(to);
  return to;
}

i64 ftruncate(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (static_cast<i64>(c.a[1]) < 0) return -kEINVAL;
  if (f == nullptr) return -kEBADF;
  return f->is_writable() ? f->resize(c.a[1]) : -kEINVAL;
}

i64 fallocate(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr || !f->is_writable()) return -kEBADF;
  if (static_cast<i64>(c.a[2]) < 0 || static_cast<i64>(c.a[3]) <= 0) return -kEINVAL;
  if (c.a[1] != 0) return -kEOPNOTSUPP;
  return c.a[2] + c.a[3] > f->size() ? f->resize(c.a[2] + c.a[3]) : 0;
}

i64 fsync(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr) return -kEBADF;
  return f->has_position() || (f->mode() & kFolder) != 0 ? 0 : -kEINVAL;
}

i64 ioctl(Process& p, Thread&, const Call& c) {
  return p.file(c.a[0]) == nullptr ? -kEBADF : -kENOTTY;
}

i64 dup(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  return f == nullptr ? -kEBADF : p.add_file(f, false);
}

i64 dup3(Process& p, Thread&, const Call& c) {
  const i32 to = static_cast<i32>(c.a[1]);
  const u64 flags = static_cast<u32>(c.a[2]);
  if ((flags & ~u64{kCloseOnExec}) != 0 || static_cast<i32>(c.a[0]) == to) return -kEINVAL;
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr || to < 0 || to >= kMostDescriptors) return -kEBADF;
  (*p.files)[to] = {f, flags != 0};
  return to;
}

i64 fcntl(Process& p, Thread&, const Call& c) {
  enum : u64 { kDup = 0, kGetDescriptor, kSetDescriptor, kGetStatus, kSetStatus, kDupCloseOnExec = 1030,
               kIsCreated = 1028, kSetPipeSize = 1031, kGetPipeSize = 1032 };
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr) return -kEBADF;
  Descriptor& d = (*p.files)[static_cast<i32>(c.a[0])];
  const u64 command = static_cast<u32>(c.a[1]);
  switch (command) {
    case kDup:
    case kDupCloseOnExec:
      if (c.a[2] >= kMostDescriptors) return -kEINVAL;
      return p.add_file(f, command == kDupCloseOnExec, static_cast<int>(c.a[2]));
    case kGetDescriptor: return d.close_on_exec ? 1 : 0;
    case kSetDescriptor: d.close_on_exec = (c.a[2] & 1) != 0; return 0;
    case kGetStatus: return f->flags;
    case kSetStatus: {
      constexpr u32 kCanChange = kAppend | kNonBlocking;
      f->flags = (f->flags & ~kCanChange) | (static_cast<u32>(c.a[2]) & kCanChange);
      return 0;
    }
    case kIsCreated: return f->is_created ? 1 : 0;
    case kSetPipeSize:
    case kGetPipeSize: return (f->mode() & kFifo) == kFifo ? static_cast<i64>(kPipeCapacity) : -kEBADF;
    default: return -kEINVAL;
  }
}

i64 pipe2(Process& p, Thread&, const Call& c) {
  const u64 flags = static_cast<u32>(c.a[1]);
  if ((flags & ~u64{kCloseOnExec | kNonBlocking}) != 0) return -kEINVAL;
  if (p.system.is_short_of_pipes()) return -kENFILE;
  const auto [reader, writer] = open_pipe(p.system, static_cast<u32>(flags) & kNonBlocking);
  std::array<i32, 2> fds{};
  fds[0] = static_cast<i32>(p.add_file(reader, (flags & kCloseOnExec) != 0));
  fds[1] = fds[0] < 0 ? fds[0] : static_cast<i32>(p.add_file(writer, (flags & kCloseOnExec) != 0));
  const i64 result = fds[1] < 0 ? fds[1] : p.put(c.a[0], fds) ? 0 : -kEFAULT;
  if (result < 0) {
    for (const i32 fd : fds) p.files->erase(fd);
  }
  return result;
}

i64 eventfd2(Process& p, Thread&, const Call& c) {
  constexpr u64 kSemaphore = 1;
  const u64 flags = static_cast<u32>(c.a[1]);
  if ((flags & ~(kSemaphore | kCloseOnExec | kNonBlocking)) != 0) return -kEINVAL;
  return p.add_file(open_event(p.system, static_cast<u32>(c.a[0]), (flags & kSemaphore) != 0,
                               static_cast<u32>(flags) & kNonBlocking),
                    (flags & kCloseOnExec) != 0);
}

/// Deadline and mask of ppoll() and pselect6(); an error if they are wrong.
i64 read_limits(Process& p, Thread& t, u64 time_at, u64 mask_at, u64 mask_size, std::optional<u64>& deadline) {
  TimeSpec time;
  if (time_at != 0 && !p.get(time_at, time)) return -kEFAULT;
  if (!is_valid(time)) return -kEINVAL;
  SignalSet mask = 0;
  if (mask_at != 0 && mask_size != sizeof mask) return -kEINVAL;
  if (mask_at != 0 && !p.get(mask_at, mask)) return -kEFAULT;
  if (time_at != 0 && !t.deadline) t.deadline = p.system.now() + to_ns(time);
  deadline = t.deadline;
  if (mask_at == 0) return 0;
  if (!t.blocked_before) t.blocked_before = t.blocked;
  t.blocked = mask & ~kUnblockable;
  return 0;
}

/// What a wait for files returns: the number that are ready, or it goes on.
i64 finish_poll(Process& p, Thread& t, i64 ready, std::optional<u64> deadline) {
  if (ready == 0 && !(deadline && *deadline <= p.system.now())) return wait_for_event(t, false, deadline);
  if (t.blocked_before) t.blocked = *t.blocked_before;
  t.blocked_before.reset();
  return ready;
}

i64 ppoll(Process& p, Thread& t, const Call& c) {
  struct Poll {
    i32 fd;
    u16 events, returned;
  };
  if (static_cast<u32>(c.a[1]) > kMostDescriptors) return -kEINVAL;
  std::optional<u64> deadline;
  if (const i64 result = read_limits(p, t, c.a[2], c.a[3], c.a[4], deadline); result < 0) return result;
  i64 ready = 0;
  for (u64 i = 0; i < static_cast<u32>(c.a[1]); ++i) {
    Poll poll{};
    if (!p.get(c.a[0] + i * sizeof poll, poll)) return -kEFAULT;
    const std::shared_ptr<File> f = poll.fd < 0 ? nullptr : p.file(static_cast<u64>(poll.fd));
    const u16 wanted = poll.events | kPollError | kPollHangUp;
    poll.returned = f != nullptr ? f->ready() & wanted : poll.fd < 0 ? u16{0} : kPollInvalid;
    if (!p.put(c.a[0] + i * sizeof poll, poll)) return -kEFAULT;
    ready += poll.returned != 0;
  }
  return finish_poll(p, t, ready, deadline);
}

i64 pselect6(Process& p, Thread& t, const Call& c) {
  using Set = std::array<u8, kMostDescriptors / 8>;
  const i32 count = static_cast<i32>(c.a[0]);
  if (count < 0) return -kEINVAL;
  const i32 most = std::min(count, kMostDescriptors);
  const u64 bytes = static_cast<u64>((most + 63) / 64 * 8);
  std::array<Set, 3> sets{}, found{};
  for (unsigned k = 0; k < 3; ++k) {
    const u64 at = c.a[1 + k];
    if (at != 0 && p.copy_in(at, sets[k].data(), bytes) != bytes) return -kEFAULT;
  }
  struct {
    u64 address = 0, size = 0;
  } mask;
  if (c.a[5] != 0 && !p.get(c.a[5], mask)) return -kEFAULT;
  i64 ready = 0;
  constexpr std::array<u16, 3> kMeans = {kPollIn | kPollHangUp, kPollOut | kPollError, 0};
  for (i32 fd = 0; fd < most; ++fd) {
    const std::size_t byte = static_cast<std::size_t>(fd) / 8;
    const u8 one = static_cast<u8>(1u << fd % 8);
    if (((sets[0][byte] | sets[1][byte] | sets[2][byte]) & one) == 0) continue;
    const std::shared_ptr<File> f = p.file(static_cast<u64>(fd));
    if (f == nullptr) return -kEBADF;
    for (unsigned k = 0; k < 3; ++k) {
      if ((sets[k][byte] & one) == 0 || (f->ready() & kMeans[k]) == 0) continue;
      found[k][byte] |= one;
      ++ready;
    }
  }
  std::optional<u64> deadline;
  if (const i64 result = read_limits(p, t, c.a[4], mask.address, mask.size, deadline); result < 0) return result;
  const i64 result = finish_poll(p, t, ready, deadline);
  if (result == kNoResult) return result;
  for (unsigned k = 0; k < 3; ++k) {
    const u64 at = c.a[1 + k];
    if (at != 0 && p.copy_out(at, found[k].data(), bytes) != bytes) return -kEFAULT;
  }
  return result;
}

}  // namespace

std::shared_ptr<File> Process::file(u64 fd) const {
  const auto it = files->find(static_cast<i32>(fd));
  return it == files->end() ? nullptr : it->second.file;
}

i64 Process::add_file(std::shared_ptr<File> f, bool close_on_exec, int lowest) {
  int fd = lowest;
  while (files->count(fd) != 0) ++fd;
  if (fd >= kMostDescriptors) return -kEMFILE;
  (*files)[fd] = {std::move(f), close_on_exec};
  return fd;
}

/// The bytes before the first whose tag is not that of the pointer.
u64 Process::with_matching_tags(u64 address, u64 size) const {
  using functional::kGranule;
  const u64 plain = untag(address), tag = address >> 56 & 15;
  for (u64 g = align_down(plain, kGranule); g < plain + size; g += kGranule) {
    if (memory().is_tagged(g) && memory().tag(g) != tag) return g > plain ? g - plain : 0;
  }
  return size;
}

bool Process::can_write(u64 address) const {
  return memory().page(pointer(address), functional::kWrite) != nullptr &&
         (!checks_writes_ || with_matching_tags(address, 1) == 1);
}

u64 Process::copy_in(u64 address, void* to, u64 size) {
  return memory().read(pointer(address), to, checks_reads_ ? with_matching_tags(address, size) : size);
}

u64 Process::copy_out(u64 address, const void* from, u64 size) {
  return memory().write(pointer(address), from, checks_writes_ ? with_matching_tags(address, size) : size);
}

std::optional<std::string> Process::text(u64 address, u64 limit) {
  std::string s;
  for (u64 i = 0; i < limit; ++i) {
    char ch = 0;
    if (!get(address + i, ch)) return std::nullopt;
    if (ch == 0) return s;
    s += ch;
  }
  return std::nullopt;
}

std::vector<SystemCall> file_calls() {
  return {{19, "eventfd2", 2, eventfd2},   {23, "dup", 1, dup},         {24, "dup3", 3, dup3},
          {25, "fcntl", 3, fcntl},         {29, "ioctl", 3, ioctl},     {46, "ftruncate", 2, ftruncate},
          {47, "fallocate", 4, fallocate}, {57, "close", 1, close},     {59, "pipe2", 2, pipe2},
          {62, "lseek", 3, lseek},         {63, "read", 3, read},       {64, "write", 3, write},
          {65, "readv", 3, readv},         {66, "writev", 3, writev},   {67, "pread64", 4, pread64},
          {68, "pwrite64", 4, pwrite64},   {69, "preadv", 4, preadv},     {70, "pwritev", 4, pwritev}, {72, "pselect6", 6, pselect6}, {73, "ppoll", 5, ppoll},
          {82, "fsync", 1, fsync},         {83, "fdatasync", 1, fsync}, {436, "close_range", 3, close_range}};
}

}  // namespace isobar::linux_user
