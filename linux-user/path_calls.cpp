// System calls on names: files that exist only here, what /proc and /dev show, and host files below the folder that the
// user named, for reading.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "linux-user/system.h"

namespace isobar::linux_user {

namespace {

namespace fs = std::filesystem;

constexpr u64 kMaxFile = 256 << 20;
constexpr i32 kCurrentFolder = -100;
constexpr u64 kEmptyPath = 0x1000, kRemoveFolder = 0x200;

/// struct stat of arm64 (include/uapi/asm-generic/stat.h).
struct Stat {
  u64 device = 1, inode = 0;
  u32 mode = 0, links = 1, user = 1000, group = 1000;
  u64 special = 0, padding = 0;
  i64 size = 0;
  i32 block = 4096, padding2 = 0;
  i64 blocks = 0;
  u64 times[6] = {};
  u32 unused[2] = {};
};
static_assert(sizeof(Stat) == 128);

std::string absolute(const Process& p, const std::string& path) {
  const std::string whole = (fs::path(p.folder) / path).lexically_normal().string();
  return whole.size() > 1 && whole.back() == '/' ? whole.substr(0, whole.size() - 1) : whole;
}

std::string parent_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

/// Where a path is below the root on the host. Links that lead out of the root are not followed.
i64 find_host(const Process& p, const std::string& path, fs::path& found) {
  const std::string& folder = p.system.options.root;
  if (folder.empty()) return -kENOENT;
  std::error_code e;
  const fs::path root = fs::canonical(folder, e);
  if (e) return -kENOENT;
  found = fs::canonical(root / fs::path(path).relative_path(), e);
  if (e) return -kENOENT;
  if (std::mismatch(root.begin(), root.end(), found.begin(), found.end()).first != root.end()) return -kEACCES;
  return 0;
}

bool is_executable(const fs::path& file) {
  constexpr fs::perms kAny = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  std::error_code e;
  return (fs::status(file, e).permissions() & kAny) != fs::perms::none;
}

i64 open_host(const Process& p, const std::string& path, u32 flags, std::shared_ptr<File>& file) {
  fs::path whole;
  if (const i64 result = find_host(p, path, whole); result < 0) return result;
  std::error_code e;
  if (fs::is_directory(whole, e)) {
    if ((flags & kAccessMode) != 0) return -kEISDIR;
    file = open_folder(1, flags);
    return 0;
  }
  if (!fs::is_regular_file(whole, e) || fs::file_size(whole, e) > kMaxFile) return -kEACCES;
  if ((flags & kAccessMode) != 0 || (flags & kTruncate) != 0) return -kEROFS;
  std::ifstream in(whole, std::ios::binary);
  if (!in) return -kEACCES;
  file = open_bytes(std::make_shared<const std::string>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()),
                    flags, is_executable(whole) ? 0555 : 0444);
  return 0;
}

bool is_folder(const Process& p, const std::string& path) {
  if (path == "/" || p.system.store.folders.count(path) != 0) return true;
  fs::path whole;
  std::error_code e;
  return find_host(p, path, whole) == 0 && fs::is_directory(whole, e);
}

/// Regions as /proc/PID/maps shows them, divided where what is known of them changes. The stack has a name, and what
/// the program named.
std::string show_maps(const Process& p) {
  std::string out;
  const u64 sp = p.threads.front()->core.state().sp[0];
  const auto& notes = p.space->notes;
  for (const auto& [first, r] : p.memory().regions()) {
    const auto letter = [&](u8 permission, char c) { return (r.permissions & permission) != 0 ? c : '-'; };
    for (u64 begin = first, end = 0; begin < r.end; begin = end) {
      auto note = notes.upper_bound(begin);
      end = note == notes.end() ? r.end : std::min(r.end, note->first);
      std::string name = begin <= sp && sp < r.end ? "[stack]" : "";
      if (note != notes.begin() && (--note)->second.end > begin) {
        end = std::min(r.end, note->second.end);
        if (note->second.name) name = fmt::format("[{}:{}]", r.object != nullptr ? "anon_shmem" : "anon", *note->second.name);
      }
      const u64 offset = r.object != nullptr ? r.offset + (begin - first) : 0;
      out += fmt::format("{:08x}-{:08x} {}{}{}{} {:08x} 00:00 0 {}\n", begin, end, letter(functional::kRead, 'r'),
                         letter(functional::kWrite, 'w'), letter(functional::kExecute, 'x'),
                         r.object != nullptr ? 's' : 'p', offset, name);
    }
  }
  return out;
}

std::string show_status(const Process& p) {
  const Thread& first = *p.threads.front();
  SignalSet ignored = 0, caught = 0;
  for (i32 n = 1; n <= kSignals; ++n) {
    const u64 handler = (*p.actions)[static_cast<std::size_t>(n)].handler;
    (handler == kIgnore ? ignored : caught) |= handler == kDefaultAction ? 0 : signal_bit(n);
  }
  return fmt::format(
      "Name:\t{}\nState:\tR (running)\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\n"
      "Gid:\t1000\t1000\t1000\t1000\nThreads:\t{}\nSigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\n",
      first.name, p.pid, p.pid, p.parent == nullptr ? 1 : p.parent->pid, p.alive(), first.blocked, ignored, caught);
}

std::string show_memory(const Process& p) {
  const functional::Pool& pool = *p.memory().pool();
  const u64 kib = functional::kPageSize / 1024, free = (pool.limit - std::min(pool.limit, pool.pages)) * kib;
  return fmt::format("MemTotal: {:>15} kB\nMemFree: {:>16} kB\nMemAvailable: {:>11} kB\nHugePages_Total: {:>8}\n"
                     "HugePages_Free: {:>9}\nHugepagesize: {:>11} kB\n",
                     pool.limit * kib, free, free, 0, 0, 2048);
}

std::optional<std::string> show(const Process& p, std::string path) {
  const unsigned cores = p.system.options.cores;
  const std::string own = fmt::format("/proc/{}/", p.pid);
  if (path.rfind(own, 0) == 0) path = "/proc/self/" + path.substr(own.size());
  if (path == "/proc/self/maps") return show_maps(p);
  if (path == "/proc/self/status") return show_status(p);
  if (path == "/proc/self/comm") return p.threads.front()->name + "\n";
  if (path == "/proc/self/exe") return p.image->contents;
  if (path == "/proc/cpuinfo") {
    std::string out;
    for (unsigned n = 0; n < cores; ++n) {
      out += fmt::format("processor\t: {}\nBogoMIPS\t: 2000.00\nFeatures\t: {}\n", n, feature_names(p.system.options));
      out += "CPU implementer\t: 0x00\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0x000\nCPU revision\t: 0\n\n";
    }
    return out;
  }
  struct Setting {
    const char *path, *value;
  };
  constexpr Setting kSettings[] = {{"/proc/sys/kernel/pid_max", "4194304\n"},
                                   {"/proc/sys/fs/nr_open", "1048576\n"},
                                   {"/proc/sys/vm/nr_hugepages", "0\n"},
                                   {"/proc/sys/vm/overcommit_memory", "1\n"}};
  for (const Setting& s : kSettings) {
    if (path == s.path) return s.value;
  }
  if (path == "/proc/meminfo") return show_memory(p);
  for (const char* name : {"online", "possible", "present"}) {
    if (path == std::string("/sys/devices/system/cpu/") + name)
      return cores == 1 ? std::string("0\n") : fmt::format("0-{}\n", cores - 1);
  }
  return std::nullopt;
}

/// The open file that /proc/self/fd/N or /dev/fd/N names.
std::shared_ptr<File> named_descriptor(const Process& p, const std::string& path) {
  for (const std::string prefix : {"/proc/self/fd/", "/dev/fd/"}) {
    const std::string digits = path.rfind(prefix, 0) == 0 ? path.substr(prefix.size()) : "";
    if (digits.empty() || digits.size() > 4 || !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    return p.file(static_cast<u64>(std::stoi(digits)));
  }
  return nullptr;
}

std::shared_ptr<Inode> new_inode(Process& p, u32 mode) {
  auto inode = std::make_shared<Inode>();
  inode->number = p.system.store.next_inode++;
  inode->bytes = std::make_shared<functional::Object>(p.memory().pool(), 0);
  inode->mode = mode;
  return inode;
}

i64 create(Process& p, const std::string& path, u32 mode, std::shared_ptr<Inode>& inode) {
  Store& store = p.system.store;
  const std::string parent = parent_of(path);
  if (store.folders.count(parent) == 0) return is_folder(p, parent) ? -kEROFS : -kENOENT;
  if (parent == "/dev" || parent == "/proc") return -kEACCES;
  if (store.files.size() >= Store::kMostFiles) return -kENOSPC;
  inode = new_inode(p, mode & ~p.mask_of_modes & 0777);
  store.files[path] = inode;
  return 0;
}

/// O_TMPFILE: a file without a name. The root folder is of a kind that has none.
i64 open_nameless(Process& p, const std::string& folder, u32 flags, u32 mode, std::shared_ptr<File>& file) {
  if ((flags & kAccessMode) == 0) return -kEINVAL;
  if (p.system.store.folders.count(folder) == 0) return is_folder(p, folder) ? -kEROFS : -kENOENT;
  if (folder == "/dev" || folder == "/proc") return -kEACCES;
  if (folder == "/") return -kEOPNOTSUPP;
  file = open_inode(new_inode(p, mode & ~p.mask_of_modes & 0777), flags);
  return 0;
}

/// The file of an absolute path.
i64 open_path(Process& p, const std::string& path, u32 flags, u32 mode, std::shared_ptr<File>& file) {
  Store& store = p.system.store;
  const bool writes = (flags & kAccessMode) != 0;
  const auto known = store.files.find(path);
  if (known != store.files.end()) {
    if ((flags & kCreate) != 0 && (flags & kExclusive) != 0) return -kEEXIST;
    if ((flags & kDirectory) != 0) return -kENOTDIR;
    if (writes && (flags & kTruncate) != 0) known->second->bytes->resize(0);
    file = open_inode(known->second, flags);
    return 0;
  }
  if (const auto folder = store.folders.find(path); folder != store.folders.end()) {
    if (writes || (flags & kCreate) != 0) return -kEISDIR;
    file = open_folder(folder->second, flags);
    return 0;
  }
  if (const std::shared_ptr<File> open = named_descriptor(p, path)) {
    file = open;
    return 0;
  }
  if ((file = open_device(p.system, path, flags)) != nullptr) return 0;
  if (std::optional<std::string> shown = show(p, path)) {
    if (writes) return -kEACCES;
    file = open_bytes(std::make_shared<const std::string>(std::move(*shown)), flags, 0444);
    return 0;
  }
  const i64 result = path == "/" && p.system.options.root.empty() ? 0 : open_host(p, path, flags, file);
  if (result == 0 && file == nullptr) file = open_folder(1, flags);
  if (result != -kENOENT || (flags & kCreate) == 0) return result;
  std::shared_ptr<Inode> inode;
  if (const i64 made = create(p, path, mode, inode); made < 0) return made;
  file = open_inode(inode, flags);
  file->is_created = true;
  return 0;
}

/// The absolute path that a call names; an error for bad pointers and descriptors. `empty` allows "".
i64 read_path(Process& p, u64 folder, u64 address, std::string& path, bool empty = false) {
  const std::optional<std::string> text = p.text(address, kPathLimit);
  if (!text) {
    char last = 0;
    return p.get(address + kPathLimit - 1, last) ? -kENAMETOOLONG : -kEFAULT;
  }
  if (text->empty() && !empty) return -kENOENT;
  constexpr std::size_t kNameLimit = 255;
  for (const fs::path& part : fs::path(*text))
    if (part.native().size() > kNameLimit) return -kENAMETOOLONG;
  // Folders can be opened, but nothing is looked up below them.
  if (!text->empty() && text->front() != '/' && static_cast<i32>(folder) != kCurrentFolder)
    return p.file(folder) == nullptr ? -kEBADF : -kENOTDIR;
  path = text->empty() ? "" : absolute(p, *text);
  return 0;
}

i64 openat(Process& p, Thread&, const Call& c) {
  std::string path;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path); result < 0) return result;
  const u32 flags = static_cast<u32>(c.a[2]);
  std::shared_ptr<File> file;
  constexpr u32 kKept = kAccessMode | kAppend | kNonBlocking | kDirectory, kNameless = 020000000;
  const u32 mode = static_cast<u32>(c.a[3]);
  if ((flags & kNameless) != 0 && (flags & kDirectory) == 0) return -kEINVAL;
  if ((flags & kNameless) != 0) {
    if (const i64 result = open_nameless(p, path, flags & ~kDirectory, mode, file); result < 0) return result;
    file->flags &= kKept;
    return p.add_file(std::move(file), (flags & kCloseOnExec) != 0);
  }
  const i64 result = open_path(p, path, flags, mode, file);
  if (result < 0) return result;
  if ((flags & kDirectory) != 0 && (file->mode() & kFolder) == 0) return -kENOTDIR;
  file->flags &= kKept;
  return p.add_file(std::move(file), (flags & kCloseOnExec) != 0);
}

i64 memfd_create(Process& p, Thread&, const Call& c) {
  constexpr u64 kCloseFlag = 1, kSealing = 2, kNoExecute = 8, kExecute = 16, kNameLimit = 250;
  const u64 flags = static_cast<u32>(c.a[1]);
  if ((flags & ~(kCloseFlag | kSealing | kNoExecute | kExecute)) != 0) return -kEINVAL;
  const std::optional<std::string> name = p.text(c.a[0], kNameLimit);
  if (!name) {
    char last = 0;
    return p.get(c.a[0] + kNameLimit - 1, last) ? -kEINVAL : -kEFAULT;
  }
  return p.add_file(open_inode(new_inode(p, 0777), kReadWrite), (flags & kCloseFlag) != 0);
}

Stat stat_of(const File& f) {
  Stat s;
  s.mode = f.mode();
  s.inode = f.inode();
  s.size = static_cast<i64>(f.size());
  s.blocks = (s.size + 511) / 512;
  if ((s.mode & 0170000) == kCharacterDevice) {
    s.special = 0x103;
    s.block = 1024;
  }
  return s;
}

i64 fstat(Process& p, Thread&, const Call& c) {
  const std::shared_ptr<File> f = p.file(c.a[0]);
  if (f == nullptr) return -kEBADF;
  return p.put(c.a[1], stat_of(*f)) ? 0 : -kEFAULT;
}

i64 newfstatat(Process& p, Thread&, const Call& c) {
  std::string path;
  const bool empty = (c.a[3] & kEmptyPath) != 0;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path, empty); result < 0) return result;
  std::shared_ptr<File> f = path.empty() ? p.file(c.a[0]) : nullptr;
  if (path.empty() && f == nullptr) return -kEBADF;
  if (!path.empty()) {
    if (const i64 result = open_path(p, path, 0, 0, f); result < 0) return result;
  }
  return p.put(c.a[2], stat_of(*f)) ? 0 : -kEFAULT;
}

i64 faccessat(Process& p, Thread&, const Call& c) {
  constexpr u64 kExecuteAccess = 1, kWriteAccess = 2;
  if (c.a[2] > 7) return -kEINVAL;
  std::string path;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path); result < 0) return result;
  std::shared_ptr<File> f;
  if (const i64 result = open_path(p, path, 0, 0, f); result < 0) return result;
  const Store& store = p.system.store;
  const bool own = store.files.count(path) != 0 || store.folders.count(path) != 0;
  if ((c.a[2] & kWriteAccess) != 0 && !own) return -kEROFS;
  return (c.a[2] & kExecuteAccess) != 0 && (f->mode() & 0111) == 0 ? -kEACCES : 0;
}

i64 readlinkat(Process& p, Thread&, const Call& c) {
  std::string path;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path); result < 0) return result;
  if (static_cast<i32>(c.a[3]) <= 0) return -kEINVAL;
  if (path != "/proc/self/exe") {
    std::shared_ptr<File> f;
    const i64 result = open_path(p, path, 0, 0, f);
    return result < 0 ? result : -kEINVAL;
  }
  std::error_code e;
  const std::string target = fs::absolute(p.image->file, e).lexically_normal().string();
  const u64 size = std::min<u64>(target.size(), c.a[3]);
  return p.copy_out(c.a[2], target.data(), size) == size ? static_cast<i64>(size) : -kEFAULT;
}

i64 unlinkat(Process& p, Thread&, const Call& c) {
  if ((static_cast<u32>(c.a[2]) & ~kRemoveFolder) != 0) return -kEINVAL;
  std::string path;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path); result < 0) return result;
  Store& store = p.system.store;
  const bool folder = store.folders.count(path) != 0;
  if (c.a[2] == 0) {
    if (folder) return -kEISDIR;
    if (store.files.erase(path) != 0) return 0;
  } else if (folder) {
    constexpr u64 kFirstMade = 100;
    if (store.folders[path] < kFirstMade) return -kEBUSY;
    const auto below = [&](const auto& map) {
      return std::any_of(map.begin(), map.end(), [&](const auto& entry) { return parent_of(entry.first) == path; });
    };
    if (below(store.files) || below(store.folders)) return -kENOTEMPTY;
    store.folders.erase(path);
    return 0;
  } else if (store.files.count(path) != 0) {
    return -kENOTDIR;
  }
  std::shared_ptr<File> f;
  const i64 result = open_path(p, path, 0, 0, f);
  return result < 0 ? result : -kEROFS;
}

i64 mkdirat(Process& p, Thread&, const Call& c) {
  std::string path;
  if (const i64 result = read_path(p, c.a[0], c.a[1], path); result < 0) return result;
  Store& store = p.system.store;
  std::shared_ptr<File> f;
  if (open_path(p, path, 0, 0, f) == 0) return -kEEXIST;
  const std::string parent = parent_of(path);
  if (store.folders.count(parent) == 0) return is_folder(p, parent) ? -kEROFS : -kENOENT;
  if (store.folders.size() >= Store::kMostFiles) return -kENOSPC;
  store.folders[path] = store.next_inode++;
  return 0;
}

i64 truncate(Process& p, Thread&, const Call& c) {
  std::string path;
  if (static_cast<i64>(c.a[1]) < 0) return -kEINVAL;
  if (const i64 result = read_path(p, static_cast<u64>(kCurrentFolder), c.a[0], path); result < 0) return result;
  std::shared_ptr<File> f;
  if (const i64 result = open_path(p, path, kReadWrite, 0, f); result < 0) return result;
  return f->resize(c.a[1]);
}

/// Of files that exist only here.
i64 renameat2(Process& p, Thread&, const Call& c) {
  constexpr u64 kNoReplace = 1;
  if ((static_cast<u32>(c.a[4]) & ~kNoReplace) != 0) return -kEINVAL;
  std::string from, to;
  if (const i64 result = read_path(p, c.a[0], c.a[1], from); result < 0) return result;
  if (const i64 result = read_path(p, c.a[2], c.a[3], to); result < 0) return result;
  Store& store = p.system.store;
  const auto file = store.files.find(from);
  if (file == store.files.end()) return store.folders.count(from) != 0 ? -kEXDEV : -kENOENT;
  if (store.folders.count(to) != 0) return -kEISDIR;
  if (store.folders.count(parent_of(to)) == 0) return -kEXDEV;
  if (static_cast<u32>(c.a[4]) == kNoReplace && store.files.count(to) != 0) return -kEEXIST;
  const std::shared_ptr<Inode> inode = file->second;
  store.files.erase(file);
  store.files[to] = inode;
  return 0;
}

i64 renameat(Process& p, Thread& t, const Call& c) {
  Call same = c;
  same.a[4] = 0;
  return renameat2(p, t, same);
}

i64 getcwd(Process& p, Thread&, const Call& c) {
  const u64 size = p.folder.size() + 1;
  if (c.a[1] < size) return -kERANGE;
  return p.copy_out(c.a[0], p.folder.c_str(), size) == size ? static_cast<i64>(size) : -kEFAULT;
}

i64 chdir(Process& p, Thread&, const Call& c) {
  std::string path;
  if (const i64 result = read_path(p, static_cast<u64>(kCurrentFolder), c.a[0], path); result < 0) return result;
  if (!is_folder(p, path)) {
    std::shared_ptr<File> f;
    const i64 result = open_path(p, path, 0, 0, f);
    return result < 0 ? result : -kENOTDIR;
  }
  p.folder = path;
  return 0;
}

i64 umask(Process& p, Thread&, const Call& c) {
  const u32 old = p.mask_of_modes;
  p.mask_of_modes = static_cast<u32>(c.a[0]) & 0777;
  return old;
}

}  // namespace

i64 read_program(Process& p, const std::string& path, std::shared_ptr<const std::string>& contents) {
  std::shared_ptr<File> f;
  if (const i64 result = open_path(p, absolute(p, path), 0, 0, f); result < 0) return result;
  if ((f->mode() & kRegular) == 0 || (f->mode() & 0111) == 0) return -kEACCES;
  std::string bytes;
  if (f->size() > kMaxFile) return -kEACCES;
  if (const i64 result = f->read(0, f->size(), bytes); result < 0) return result;
  contents = std::make_shared<const std::string>(std::move(bytes));
  return 0;
}

std::vector<SystemCall> path_calls() {
  return {{17, "getcwd", 2, getcwd},
          {34, "mkdirat", 3, mkdirat},
          {35, "unlinkat", 3, unlinkat},
          {38, "renameat", 4, renameat},
          {45, "truncate", 2, truncate},
          {48, "faccessat", 3, faccessat},
          {49, "chdir", 1, chdir},
          {56, "openat", 4, openat},
          {78, "readlinkat", 4, readlinkat},
          {79, "newfstatat", 4, newfstatat},
          {80, "fstat", 2, fstat},
          {166, "umask", 1, umask},
          {276, "renameat2", 5, renameat2},
          {279, "memfd_create", 2, memfd_create},
          {439, "faccessat2", 4, faccessat}};
}

}  // namespace isobar::linux_user
