#include "linux-hunt/races.h"

#include <algorithm>

namespace isobar::linux_hunt {

void Races::join(Clock& to, const Clock& from) {
  if (to.size() < from.size()) to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

void Races::add_thread(std::size_t thread, i32 tid) {
  if (threads_.size() <= thread) threads_.resize(thread + 1);
  ThreadClock& t = threads_[thread];
  t.tid = tid;
  t.now.resize(std::max(t.now.size(), thread + 1));
  t.now[thread] = 1;
}

bool Races::is_race_free(u64 address) const {
  return std::any_of(memory_.begin(), memory_.end(), [&](const RaceFree& m) { return m.begin <= address && address < m.end; });
}

void Races::access(std::size_t thread, u64 address, const isa::Uop& u, u64 pc) {
  const u64 end = address + u.mem.size;
  const bool writes = u.kind == isa::UopKind::Write;
  bool synchronises = false;
  if (std::none_of(memory_.begin(), memory_.end(), [&](const RaceFree& m) { return m.begin < end && address < m.end; })) {
    for (u64 word = address / 8; word <= (end - 1) / 8; ++word) synchronise(thread, word, u);
    synchronises = true;
  } else {
    for (u64 a = address; a < end; ++a) {
      if (is_race_free(a)) check(thread, a, writes, pc);
    }
  }
  // What the thread does from now on is behind what it has passed on.
  if (synchronises && writes && u.mem.release) ++threads_[thread].now[thread];
}

void Races::synchronise(std::size_t thread, u64 word, const isa::Uop& u) {
  ThreadClock& t = threads_[thread];
  const bool acquires = u.mem.acquire || u.mem.acquire_pc;
  auto at = words_.find(word);
  if (at == words_.end()) {
    const bool tells = u.kind == isa::UopKind::Write ? u.mem.release || !t.fenced.empty() : !t.fenced.empty() || !t.released.empty();
    if (!tells) return;
    at = words_.emplace(word, Word{}).first;
  }
  Word& w = at->second;
  if (u.kind == isa::UopKind::Read) {
    join(w.read, t.fenced);
    if (u.mem.acquire) {
      // A release and a later acquire (not LDAPR) are in order.
      join(w.read, t.released);
      join(t.now, t.met);
      join(t.fenced, t.met);
    }
    if (acquires) {
      join(t.now, w.written);
      join(t.fenced, w.written);
    }
    join(t.seen, w.written);
    return;
  }
  join(t.seen, w.written);
  join(t.seen, w.read);
  join(w.written, t.fenced);
  if (!u.mem.release) return;
  join(t.met, w.written);
  join(t.met, w.read);
  for (Clock* c : {&w.written, &t.released}) {
    join(*c, t.now);
    join(*c, t.seen);
  }
}

void Races::barrier(std::size_t thread) {
  ThreadClock& t = threads_[thread];
  join(t.now, t.seen);
  join(t.fenced, t.now);
  ++t.now[thread];
}

void Races::order(std::size_t from, std::size_t to) {
  barrier(from);
  join(threads_[to].now, threads_[from].fenced);
  join(threads_[to].fenced, threads_[from].fenced);
}

void Races::pass(std::size_t thread, u64 address) {
  ThreadClock& t = threads_[thread];
  Word& w = words_[address / 8];
  join(t.seen, w.written);
  barrier(thread);
  join(w.written, t.fenced);
}

void Races::check(std::size_t thread, u64 address, bool write, u64 pc) {
  ThreadClock& t = threads_[thread];
  Byte& b = bytes_[address];
  const auto is_before = [&](const Last& l) { return l.thread == thread || (l.thread < t.now.size() && t.now[l.thread] >= l.epoch); };
  const auto found = [&](const Last& l, bool first_writes) {
    if (race_ || is_before(l)) return;
    race_ = Race{address, {l.tid, first_writes, l.pc}, {t.tid, write, pc}};
  };
  if (b.write) found(*b.write, true);
  for (const Last& l : b.reads) {
    if (write) found(l, false);
  }
  const Last now{t.tid, thread, t.now[thread], pc};
  if (write) {
    b.write = now;
    b.reads.clear();
    return;
  }
  std::erase_if(b.reads, [&](const Last& l) { return l.thread == thread; });
  b.reads.push_back(now);
}

}  // namespace isobar::linux_hunt
