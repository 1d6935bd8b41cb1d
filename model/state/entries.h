// The micro-ops in flight of one core, oldest first: a queue in one piece of memory that also knows which of them are what.
//
// A vector would move all younger entries whenever the oldest retire, and whoever looks for the stores of a window would
// have to look at all of it: together a tenth of a timed run.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "model/state/entry.h"
#include "support/bits.h"

namespace isobar::model {

/// Pointers to entries are good until the next call of a function that is not const.
class Entries {
 public:
  Entries() = default;
  Entries(const Entries& other) { *this = other; }
  Entries& operator=(const Entries& other) {
    if (this == &other) return *this;
    store_.assign(other.begin(), other.end());
    begin_ = store_.data();
    size_ = other.size_;
    masks_ = other.masks_;
    return *this;
  }
  Entries(Entries&& other) noexcept { *this = std::move(other); }
  Entries& operator=(Entries&& other) noexcept {
    if (this == &other) return *this;
    store_ = std::move(other.store_);
    begin_ = other.begin_;
    size_ = other.size_;
    masks_ = other.masks_;
    other.store_.clear();
    other.begin_ = nullptr;
    other.truncate(0);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Entry& operator[](std::size_t slot) { return begin_[slot]; }
  const Entry& operator[](std::size_t slot) const { return begin_[slot]; }
  Entry* begin() { return begin_; }
  Entry* end() { return begin_ + size_; }
  const Entry* begin() const { return begin_; }
  const Entry* end() const { return begin_ + size_; }
  const Entry& front() const { return begin_[0]; }
  Entry& back() { return begin_[size_ - 1]; }
  const Entry& back() const { return begin_[size_ - 1]; }

  // Masks of slots. What they hang on never changes while an entry is there.
  u64 reads() const { return masks_.reads; }
  u64 writes() const { return masks_.writes; }
  /// Direct branches backwards, or to themselves.
  u64 backward_branches() const { return masks_.backward_branches; }
  u64 arithmetic() const { return masks_.arithmetic; }
  /// Those that order nothing: arithmetic, branches, picks, hints, and accesses that are neither acquire, release, atomic nor
  /// exclusive, without TSO.
  u64 plain() const { return masks_.plain; }

  /// Mask of those that settle() has to look at: all but those that it has closed. Who takes back something that an entry
  /// knew, or notes that a read was overtaken, opens it again.
  u64 open() const { return masks_.open; }
  /// The first of them from slot `first` on; 64 if there is none.
  unsigned next_open(unsigned first) const {
    const u64 open = first < 64 ? masks_.open & ~u64{0} << first : 0;
    return open == 0 ? 64 : static_cast<unsigned>(__builtin_ctzll(open));
  }
  void close(unsigned slot) { masks_.open &= ~(u64{1} << slot); }
  void reopen(unsigned slot) { masks_.open |= u64{1} << slot; }

  /// Makes room for `n` entries in all.
  void reserve(std::size_t n) { store_.reserve(2 * n); rebase(0); }

  /// Adds a `uop` under `context` as the youngest; all else that its entry says is for the caller to fill in. At most 64 fit.
  Entry& add(const isa::Uop* uop, const Context& context) {
    if (end() == store_.data() + store_.size()) make_room();
    Entry& e = *end();
    e = Entry{};
    e.uop = uop;
    e.context = context;
    masks_.note(e, u64{1} << size_);
    ++size_;
    return e;
  }

  /// Discards the youngest, so that `n` are left; nothing if there are no more than that.
  void truncate(std::size_t n) {
    if (n >= size_) return;
    size_ = static_cast<unsigned>(n);
    masks_.change([left = ones(size_)](u64 mask) { return mask & left; });
  }

  /// Removes the `n` oldest. Slots of the others become less by `n`.
  void drop_front(unsigned n) {
    begin_ += n;
    size_ -= n;
    masks_.change([n](u64 mask) { return n >= 64 ? 0 : mask >> n; });
  }

 private:
  struct Masks {
    u64 reads = 0, writes = 0, backward_branches = 0, arithmetic = 0, plain = 0, open = 0;

    void note(const Entry& e, u64 slot) {
      open |= slot;
      const isa::MemoryAttributes& m = e.uop->mem;
      switch (e.uop->kind) {
        case isa::UopKind::Read: reads |= slot; break;
        case isa::UopKind::Write: writes |= slot; break;
        case isa::UopKind::Branch:
          if (e.uop->branch_op() != isa::BranchOp::Indirect && static_cast<i64>(e.uop->imm) <= 0) backward_branches |= slot;
          break;
        case isa::UopKind::Alu: arithmetic |= slot; break;
        case isa::UopKind::Select:
        case isa::UopKind::Hint: break;
        default: return;
      }
      const bool access = ((reads | writes) & slot) != 0;
      const bool alone = !m.atomic && !m.exclusive && m.rmw == isa::RmwOp::Plain && !m.acquire && !m.acquire_pc && !m.release;
      if (access && (!alone || e.context.tso)) return;
      plain |= slot;
    }
    template <class Change>
    void change(Change to) {
      for (u64* mask : {&reads, &writes, &backward_branches, &arithmetic, &plain, &open}) *mask = to(*mask);
    }
  };

  void rebase(std::size_t first) { begin_ = store_.data() + first; }

  void make_room() {
    const std::size_t first = static_cast<std::size_t>(begin_ - store_.data());
    if (first >= 64) {
      std::copy(begin(), end(), store_.data());
      rebase(0);
    } else {
      store_.emplace_back();
      rebase(first);
    }
  }

  std::vector<Entry> store_;   ///< the entries, and before and behind them what may be overwritten
  Entry* begin_ = nullptr;
  unsigned size_ = 0;
  Masks masks_;
};

}  // namespace isobar::model
