// execve and execveat: another program in the same process (Linux fs/exec.c).
#include "linux-user/system.h"
#include "support/diagnostic.h"

namespace isobar::linux_user {

namespace {

constexpr u64 kStringLimit = 128 << 10, kAllLimit = 2 << 20;

/// argv or envp; an error for what cannot be read or is too long. `budget`: bytes that are left for strings and pointers.
i64 read_strings(Process& p, u64 address, u64& budget, std::vector<std::string>& to) {
  for (u64 at = address; address != 0; at += 8) {
    u64 pointer = 0;
    if (!p.get(at, pointer)) return -kEFAULT;
    if (pointer == 0) break;
    const std::optional<std::string> s = p.text(pointer, std::min(kStringLimit, budget));
    if (!s) {
      char last = 0;
      return p.get(pointer + std::min(kStringLimit, budget) - 1, last) ? -kE2BIG : -kEFAULT;
    }
    const u64 takes = s->size() + 1 + sizeof pointer;
    if (takes >= budget) return -kE2BIG;
    budget -= takes;
    to.push_back(*s);
  }
  return 0;
}

/// The program that a path names: a file below the root, or one that runs already by its own name.
i64 find_program(Process& p, const std::string& path, std::shared_ptr<const ElfImage>& program) {
  const std::vector<std::string>& arguments = p.system.options.arguments;
  if (path == "/proc/self/exe" || path == p.image->file) {
    program = p.image;
    return 0;
  }
  const std::shared_ptr<const ElfImage>& first = p.system.first_program();
  if (path == first->file || (!arguments.empty() && path == arguments.front())) {
    program = first;
    return 0;
  }
  std::shared_ptr<const std::string> contents;
  if (const i64 result = read_program(p, path, contents); result < 0) return result == -kEISDIR ? -kEACCES : result;
  try {
    program = std::make_shared<const ElfImage>(parse_elf(path, *contents));
  } catch (const InputError&) {
    return -kENOEXEC;
  }
  return 0;
}

/// What Linux takes away (begin_new_exec(), flush_signal_handlers(), ...); the mask and pending signals stay.
void reset(Process& p, Thread& t) {
  for (const auto& other : p.threads) {
    if (other.get() != &t && !other->ended) p.end_thread(*other);
  }
  p.end_thread(t);
  t.ended = false;
  if (t.tid != p.pid) p.system.renumber(t, p.pid);
  auto actions = std::make_shared<Actions>();
  for (std::size_t n = 0; n < actions->size(); ++n) {
    if ((*p.actions)[n].handler == kIgnore) (*actions)[n].handler = kIgnore;
  }
  p.actions = std::move(actions);
  p.files = std::make_shared<FileTable>(*p.files);
  std::erase_if(*p.files, [](const auto& f) { return f.second.close_on_exec; });
  p.system.notify();
  t.clear_child_tid = t.robust_list = 0;
  t.rseq = {};
  t.alternate_stack = {};
  const Options& o = p.system.options;
  t.tso = o.memory_model == MemoryModel::Switchable && o.tso_at_start;  // MM-4
  t.tagged_addresses = 0;
  t.core.checks_tags = t.core.notes_reads = t.core.notes_writes = t.core.tag_mismatch_noted = false;
  t.fault = {};
  p.exit_signal = kSigchld;
  p.timers.clear();
}

i64 execute(Process& p, Thread& t, const std::string& path, u64 arguments_at, u64 environment_at) {
  std::shared_ptr<const ElfImage> program;
  if (const i64 result = find_program(p, path, program); result < 0) return result;
  std::vector<std::string> arguments, environment;
  u64 budget = kAllLimit - path.size() - 1024;
  if (const i64 result = read_strings(p, arguments_at, budget, arguments); result < 0) return result;
  if (const i64 result = read_strings(p, environment_at, budget, environment); result < 0) return result;
  if (arguments.empty()) arguments.emplace_back();
  reset(p, t);
  try {
    p.load(t, program, arguments, environment);
  } catch (const InputError& e) {
    p.system.end(Outcome::Kind::OutOfMemory, kSigkill, e.what());
    return kNoResult;
  }
  if (p.vfork_parent != nullptr) p.vfork_parent->wait.reset();
  p.vfork_parent = nullptr;
  return kNoResult;
}

i64 execve(Process& p, Thread& t, const Call& c) {
  const std::optional<std::string> path = p.text(c.a[0], kPathLimit);
  if (!path) return -kEFAULT;
  return path->empty() ? -kENOENT : execute(p, t, *path, c.a[1], c.a[2]);
}

i64 execveat(Process& p, Thread& t, const Call& c) {
  constexpr u64 kNoFollow = 0x100, kEmptyPath = 0x1000;
  constexpr i32 kCurrentFolder = -100;
  const u64 flags = static_cast<u32>(c.a[4]);
  const std::optional<std::string> path = p.text(c.a[1], kPathLimit);
  if (!path) return -kEFAULT;
  const i32 fd = static_cast<i32>(c.a[0]);
  if (path->empty() && (flags & kEmptyPath) == 0) return -kENOENT;
  if ((flags & ~(kNoFollow | kEmptyPath)) != 0) return -kEINVAL;
  if (path->empty()) return execute(p, t, "/proc/self/fd/" + std::to_string(fd), c.a[2], c.a[3]);
  if (path->front() != '/' && fd != kCurrentFolder) return -kEBADF;
  return execute(p, t, *path, c.a[2], c.a[3]);
}

}  // namespace

std::vector<SystemCall> exec_calls() {
  return {{221, "execve", 3, execve}, {281, "execveat", 5, execveat}};
}

}  // namespace isobar::linux_user
