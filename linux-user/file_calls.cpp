// Files: the console, and host files below the folder that the user named, for reading.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "linux-user/system.h"

namespace isobar::linux_user {

namespace {

namespace fs = std::filesystem;

constexpr u64 kPathLimit = 4096, kMaxTransfer = 1 << 20, kMaxFile = 256 << 20;
constexpr i64 kCurrentFolder = -100;
constexpr u32 kCharacterDevice = 0020620, kRegularFile = 0100444;

/// struct stat of arm64 (include/uapi/asm-generic/stat.h).
struct Stat {
  u64 device = 0, inode = 0;
  u32 mode = 0, links = 1, user = 1000, group = 1000;
  u64 special = 0, padding = 0;
  i64 size = 0;
  i32 block = 4096, padding2 = 0;
  i64 blocks = 0;
  u64 times[6] = {};
  u32 unused[2] = {};
};
static_assert(sizeof(Stat) == 128);

struct Vector {
  u64 address = 0, size = 0;
};

File* find(Process& p, u64 fd) {
  const auto it = p.files->find(static_cast<i32>(fd));
  return it == p.files->end() ? nullptr : it->second.file.get();
}

/// The bytes of a file below the root; an error if there is none. Links that lead out of the root are not followed.
i64 read_host(const Process& p, const std::string& path, std::shared_ptr<const std::string>& contents) {
  if (p.system.options.root.empty()) return -kENOENT;
  std::error_code e;
  const fs::path root = fs::canonical(p.system.options.root, e);
  if (e) return -kENOENT;
  const fs::path whole = fs::canonical(root / fs::path(path).relative_path(), e);
  if (e) return -kENOENT;
  if (std::mismatch(root.begin(), root.end(), whole.begin(), whole.end()).first != root.end()) return -kEACCES;
  if (fs::is_directory(whole, e)) return -kEISDIR;
  if (!fs::is_regular_file(whole, e) || fs::file_size(whole, e) > kMaxFile) return -kEACCES;
  std::ifstream in(whole, std::ios::binary);
  if (!in) return -kEACCES;
  contents = std::make_shared<const std::string>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return 0;
}

i64 write_bytes(Process& p, const File& f, u64 address, u64 size) {
  if (f.console < 1) return -kEBADF;
  std::string bytes(std::min(size, kMaxTransfer), '\0');
  const u64 done = p.memory().read(Process::untag(address), bytes.data(), bytes.size());
  if (done == 0 && size != 0) return -kEFAULT;
  bytes.resize(done);
  if (p.system.options.write) p.system.options.write(f.console, bytes);
  return static_cast<i64>(done);
}

i64 write(Process& p, Thread&, const Call& c) {
  const File* f = find(p, c.a[0]);
  return f == nullptr ? -kEBADF : write_bytes(p, *f, c.a[1], c.a[2]);
}

i64 read_bytes(Process& p, File& f, u64 address, u64 size, u64 offset) {
  std::string bytes;
  if (f.contents != nullptr) {
    if (offset < f.contents->size()) bytes = f.contents->substr(offset, std::min(size, kMaxTransfer));
  } else if (f.console == 0) {
    // Checked first, so that no input is lost.
    if (size != 0 && p.memory().page(Process::untag(address), functional::kWrite) == nullptr) return -kEFAULT;
    if (p.system.options.read) bytes = p.system.options.read(std::min(size, kMaxTransfer));
  } else {
    return -kEBADF;
  }
  const u64 done = p.memory().write(Process::untag(address), bytes.data(), bytes.size());
  return done == 0 && !bytes.empty() ? -kEFAULT : static_cast<i64>(done);
}

i64 read(Process& p, Thread&, const Call& c) {
  File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  const i64 done = read_bytes(p, *f, c.a[1], c.a[2], f->position);
  if (done > 0) f->position += static_cast<u64>(done);
  return done;
}

i64 pread64(Process& p, Thread&, const Call& c) {
  File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  if (static_cast<i64>(c.a[3]) < 0) return -kEINVAL;
  return f->contents == nullptr ? -kESPIPE : read_bytes(p, *f, c.a[1], c.a[2], c.a[3]);
}

/// `transfer` for each part; stops at the first that is not whole.
template <class Transfer>
i64 for_each_part(Process& p, const Call& c, Transfer transfer) {
  if (static_cast<i32>(c.a[2]) < 0 || c.a[2] > 1024) return -kEINVAL;
  i64 total = 0;
  for (u64 i = 0; i < c.a[2]; ++i) {
    Vector v;
    if (!p.get(c.a[1] + i * sizeof v, v)) return total != 0 ? total : -kEFAULT;
    if (static_cast<i64>(v.size) < 0) return -kEINVAL;
    if (v.size == 0) continue;
    const i64 done = transfer(v);
    if (done < 0) return total != 0 ? total : done;
    total += done;
    if (static_cast<u64>(done) < v.size) break;
  }
  return total;
}

i64 writev(Process& p, Thread&, const Call& c) {
  const File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  return for_each_part(p, c, [&](const Vector& v) { return write_bytes(p, *f, v.address, v.size); });
}

i64 readv(Process& p, Thread&, const Call& c) {
  File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  return for_each_part(p, c, [&](const Vector& v) {
    const i64 done = read_bytes(p, *f, v.address, v.size, f->position);
    if (done > 0) f->position += static_cast<u64>(done);
    return done;
  });
}

i64 openat(Process& p, Thread&, const Call& c) {
  constexpr u64 kAccessMode = 3, kCreate = 0100, kTruncate = 01000, kCloseOnExec = 02000000;
  const std::optional<std::string> path = p.text(c.a[1], kPathLimit);
  if (!path) return -kEFAULT;
  if (path->empty()) return -kENOENT;
  if (path->front() != '/' && static_cast<i32>(c.a[0]) != kCurrentFolder) return -kEBADF;
  File f;
  const i64 result = read_host(p, *path, f.contents);
  if (result < 0) return result == -kENOENT && (c.a[2] & kCreate) != 0 ? -kEROFS : result;
  if ((c.a[2] & kAccessMode) != 0 || (c.a[2] & kTruncate) != 0) return -kEROFS;
  int fd = 0;
  while (p.files->count(fd) != 0) ++fd;
  (*p.files)[fd] = {std::make_shared<File>(std::move(f)), (c.a[2] & kCloseOnExec) != 0};
  return fd;
}

i64 close(Process& p, Thread&, const Call& c) {
  return p.files->erase(static_cast<i32>(c.a[0])) != 0 ? 0 : -kEBADF;
}

i64 lseek(Process& p, Thread&, const Call& c) {
  File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  if (f->contents == nullptr) return -kESPIPE;
  if (c.a[2] > 2) return -kEINVAL;
  const u64 base = c.a[2] == 0 ? 0 : c.a[2] == 1 ? f->position : f->contents->size();
  const i64 to = static_cast<i64>(base + c.a[1]);
  if (to < 0) return -kEINVAL;
  f->position = static_cast<u64>(to);
  return to;
}

Stat stat_of(const File& f) {
  Stat s;
  if (f.contents != nullptr) {
    s.mode = kRegularFile;
    s.size = static_cast<i64>(f.contents->size());
    s.blocks = (s.size + 511) / 512;
  } else {
    // A character device as far as buffering goes; it is no terminal, see ioctl().
    s.mode = kCharacterDevice;
    s.special = 0x103;
    s.block = 1024;
  }
  return s;
}

i64 fstat(Process& p, Thread&, const Call& c) {
  const File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  return p.put(c.a[1], stat_of(*f)) ? 0 : -kEFAULT;
}

i64 newfstatat(Process& p, Thread&, const Call& c) {
  constexpr u64 kEmptyPath = 0x1000;
  const std::optional<std::string> path = p.text(c.a[1], kPathLimit);
  if (!path) return -kEFAULT;
  File f;
  if (path->empty()) {
    if ((c.a[3] & kEmptyPath) == 0) return -kENOENT;
    const File* open = find(p, c.a[0]);
    if (open == nullptr) return -kEBADF;
    f = *open;
  } else if (const i64 result = read_host(p, *path, f.contents); result < 0) {
    return result;
  }
  return p.put(c.a[2], stat_of(f)) ? 0 : -kEFAULT;
}

i64 faccessat(Process& p, Thread&, const Call& c) {
  constexpr u64 kWriteAccess = 2;
  const std::optional<std::string> path = p.text(c.a[1], kPathLimit);
  if (!path) return -kEFAULT;
  if (c.a[2] > 7) return -kEINVAL;
  File f;
  const i64 result = read_host(p, *path, f.contents);
  if (result < 0 && result != -kEISDIR) return result;
  return (c.a[2] & kWriteAccess) != 0 ? -kEROFS : 0;
}

i64 readlinkat(Process& p, Thread&, const Call& c) {
  const std::optional<std::string> path = p.text(c.a[1], kPathLimit);
  if (!path) return -kEFAULT;
  if (static_cast<i32>(c.a[3]) <= 0) return -kEINVAL;
  if (*path != "/proc/self/exe") return p.system.options.root.empty() ? -kENOENT : -kEINVAL;
  std::error_code e;
  const std::string target = fs::absolute(p.image->file, e).lexically_normal().string();
  const u64 size = std::min<u64>(target.size(), c.a[3]);
  return p.memory().write(Process::untag(c.a[2]), target.data(), size) == size ? static_cast<i64>(size) : -kEFAULT;
}

i64 ioctl(Process& p, Thread&, const Call& c) {
  return find(p, c.a[0]) == nullptr ? -kEBADF : -kENOTTY;
}

i64 fcntl(Process& p, Thread&, const Call& c) {
  constexpr u64 kGetDescriptor = 1, kSetDescriptor = 2, kGetStatus = 3, kSetStatus = 4;
  File* f = find(p, c.a[0]);
  if (f == nullptr) return -kEBADF;
  switch (c.a[1]) {
    case kGetDescriptor: return (*p.files)[static_cast<i32>(c.a[0])].close_on_exec ? 1 : 0;
    case kSetDescriptor: (*p.files)[static_cast<i32>(c.a[0])].close_on_exec = (c.a[2] & 1) != 0; return 0;
    case kGetStatus: return f->console >= 0 ? 2 : 0;
    case kSetStatus: return 0;
    default: return -kEINVAL;
  }
}

/// Nothing here ever waits for a file: every open one is ready. Without files it is a sleep that a signal ends (pause()).
i64 ppoll(Process& p, Thread& t, const Call& c) {
  struct Poll {
    i32 fd;
    u16 events, returned;
  };
  constexpr u16 kInvalid = 0x20, kReadable = 0x1, kWritable = 0x4;
  constexpr i64 kSecond = 1'000'000'000;
  if (static_cast<u32>(c.a[1]) > 1024) return -kEINVAL;
  TimeSpec time;
  if (c.a[2] != 0 && !p.get(c.a[2], time)) return -kEFAULT;
  if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= kSecond) return -kEINVAL;
  SignalSet mask = 0;
  if (c.a[3] != 0 && c.a[4] != sizeof mask) return -kEINVAL;
  if (c.a[3] != 0 && !p.get(c.a[3], mask)) return -kEFAULT;
  i64 ready = 0;
  for (u64 i = 0; i < static_cast<u32>(c.a[1]); ++i) {
    Poll poll{};
    if (!p.get(c.a[0] + i * sizeof poll, poll)) return -kEFAULT;
    const File* f = poll.fd < 0 ? nullptr : find(p, static_cast<u64>(poll.fd));
    poll.returned = f != nullptr ? static_cast<u16>(poll.events & (kReadable | kWritable)) : poll.fd < 0 ? 0 : kInvalid;
    if (!p.put(c.a[0] + i * sizeof poll, poll)) return -kEFAULT;
    ready += poll.returned != 0;
  }
  if (ready != 0 || (c.a[2] != 0 && time.seconds == 0 && time.nanoseconds == 0)) return ready;
  if (c.a[3] != 0) {
    t.blocked_before = t.blocked;
    t.blocked = mask & ~kUnblockable;
  }
  Wait w;
  w.kind = Wait::Kind::Signal;
  constexpr i64 kLongest = i64{1} << 32;
  if (c.a[2] != 0)
    w.deadline = p.system.now() + static_cast<u64>(std::min(time.seconds, kLongest) * kSecond + time.nanoseconds);
  t.wait = w;
  return kNoResult;
}

}  // namespace

i64 read_whole_file(const Process& p, const std::string& path, std::shared_ptr<const std::string>& contents) {
  return read_host(p, path, contents);
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
  return {{25, "fcntl", 3, fcntl},           {29, "ioctl", 3, ioctl},       {48, "faccessat", 3, faccessat},
          {56, "openat", 4, openat},         {57, "close", 1, close},       {62, "lseek", 3, lseek},
          {63, "read", 3, read},             {64, "write", 3, write},       {65, "readv", 3, readv},
          {66, "writev", 3, writev},         {67, "pread64", 4, pread64},   {73, "ppoll", 5, ppoll},
          {78, "readlinkat", 4, readlinkat}, {79, "newfstatat", 4, newfstatat}, {80, "fstat", 2, fstat}};
}

}  // namespace isobar::linux_user
