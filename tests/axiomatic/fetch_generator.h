// Seeded random programs that change code while it runs: stores of instructions, cache maintenance in right and wrong
// orders, barriers, dependencies, branches into modified code, code read as data, on every kind of cache.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "support/types.h"

namespace isobar::axiomatic {

/// Each *slot* is an instruction that may be replaced, followed by two that tell which it was: `NOP` adds 3 to the
/// slot's result, `B .+8` 2 and `B .+12` nothing. It stands in the code of a thread, or in a function that ends with RET.
struct FetchProgram {
  static constexpr unsigned kSlots = 2;

  std::vector<std::string> threads;       ///< assembly text; a slot in it has the label s0 or s1
  std::string functions;                  ///< assembly text of the slots that stand in no thread
  std::vector<bool> tso;                  ///< by thread
  unsigned flavour = 0;                   ///< 0 to 2: T1, T2, T3
  bool dic = false, idc = false;
  unsigned line_bytes = 64;
  bool el1 = false, broadcast_iallu = false;
  std::vector<std::string> features;      ///< what was drawn, for counting
};

/// Deterministic for a seed, whatever the standard library. At the start X0 and X1 hold data locations, X2 one that is
/// for pointers, X4 and X5 the addresses of the slots, W6 NOP, W7 B .+8, W8 B .+12, W9 1; all else is zero. Results are
/// in W15 to W28.
class FetchGenerator {
 public:
  explicit FetchGenerator(u64 seed) : random_(seed) {}

  FetchProgram make() {
    out_ = {};
    machine();
    const unsigned threads = pick(6) == 0 ? 3 : 2;
    feature(std::to_string(threads) + " threads");
    for (unsigned s = 0; s < FetchProgram::kSlots; ++s) place_slot(s, threads);
    halves_ = pick(4) == 0;
    const bool handshake = pick(2) == 0;  // writer and reader as in message passing
    if (handshake) feature("handshake");
    for (unsigned t = 0; t < threads; ++t) {
      text_.clear();
      result_ = 15;
      last_.clear();
      index_ = data_ = false;
      steps_ = threads == 3 ? 1 + pick(2) : 2 + pick(3);
      if (handshake && t == 0) {
        write_and_tell();
      } else if (handshake && t == 1) {
        see_and_run(t);
      } else {
        anything(t);
      }
      finish_slots(t);
      out_.threads.push_back(text_);
    }
    return out_;
  }

 private:
  static constexpr unsigned kNowhere = 99;
  struct Slot {
    unsigned thread = kNowhere;  ///< in whose code it stands; kNowhere: in a function
    bool done = false;
  };

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  void feature(const std::string& name) { out_.features.push_back(name); }
  void line(const std::string& s) { text_ += s + "\n"; }
  std::string fresh() { return std::to_string(result_ < 28 ? result_++ : result_); }
  template <std::size_t N>
  const char* one_of(const std::array<const char*, N>& all) { return all[pick(static_cast<unsigned>(N))]; }

  void machine() {
    switch (pick(4)) {
      case 0: out_.idc = true; feature("IDC"); break;
      case 1: out_.dic = out_.idc = true; feature("DIC"); break;
      default: feature("no DIC, no IDC");
    }
    if (pick(4) == 0) {
      out_.line_bytes = 4;
      feature("lines of one word");
    }
    out_.el1 = pick(6) == 0;
    if (out_.el1) feature("EL1");
    out_.broadcast_iallu = pick(2) == 0;
    out_.flavour = pick(3);
    const unsigned kind = pick(4);
    for (unsigned t = 0; t < 3; ++t) out_.tso.push_back(kind == 1 || (kind == 2 && pick(2) == 0));
    if (kind == 1 || kind == 2) feature("TSO cores");
  }

  void place_slot(unsigned s, unsigned threads) {
    slot_[s] = {};
    if (pick(3) == 0) {
      out_.functions += slot(s, "11") + "ret\n";
    } else {
      slot_[s].thread = pick(threads);
    }
  }
  static std::string slot(unsigned s, const std::string& result) {
    const std::string add = "add w" + result + ", w" + result + ", #";
    return "s" + std::to_string(s) + ": " + (s == 0 ? "b .+8\n" : "nop\n") + add + "1\n" + add + "2\n";
  }
  static std::string address(unsigned s) { return "x" + std::to_string(4 + s); }

  /// Code that stands in this thread and has not been run yet is run at its end.
  void finish_slots(unsigned t) {
    for (unsigned s = 0; s < FetchProgram::kSlots; ++s)
      if (slot_[s].thread == t && !slot_[s].done) run(s);
  }

  void run(unsigned s) {
    Slot& x = slot_[s];
    if (x.thread != kNowhere) {
      x.done = true;
      text_ += slot(s, fresh());
      return;
    }
    feature("branch into modified code");
    const std::string target = index_ ? dependent_address(address(s)) : address(s);
    line("mov w11, #0\nblr " + target + "\nmov w" + fresh() + ", w11");
  }

  void write_and_tell() {
    const unsigned s = pick(FetchProgram::kSlots);
    store_code(s);
    maintain(s);
    if (pick(2) == 0) order();
    line(pick(3) == 0 ? "stlr w9, [x0]" : "str w9, [x0]");
    if (pick(2) == 0) step(0);
  }
  void see_and_run(unsigned t) {
    if (pick(4) == 0) step(t);
    const std::string d = fresh();
    line((pick(3) == 0 ? "ldar w" : "ldr w") + d + ", [x0]");
    last_ = d;
    if (pick(4) != 0) order();
    if (pick(3) == 0) maintain(pick(FetchProgram::kSlots));
    step(t);
    if (pick(2) == 0) return;
    if (pick(2) == 0) order();
    step(t);
  }
  void anything(unsigned t) {
    for (unsigned i = 0; i < steps_; ++i) {
      step(t);
      if (pick(2) == 0) order();
    }
  }

  void step(unsigned t) {
    const unsigned s = pick(FetchProgram::kSlots);
    switch (pick(10)) {
      case 0:
      case 1: return store_code(s);
      case 2:
      case 3: return maintain(s);
      case 4:
      case 5:
      case 6:
        if (slot_[s].thread == kNowhere || (slot_[s].thread == t && !slot_[s].done)) return run(s);
        return store_code(s);
      case 7: return read_code(s);
      case 8: return pointer(s);
      default: return data();
    }
  }

  /// A register with `base` that depends on what was read last.
  std::string dependent_address(const std::string& base) {
    index_ = false;
    feature("address dependency");
    line("eor w12, w" + last_ + ", w" + last_ + "\nadd x13, " + base + ", w12, uxtw");
    return "x13";
  }
  std::string place(const std::string& base) { return index_ ? dependent_address(base) : base; }

  void store_code(unsigned s) {
    const std::string at = place(address(s));
    const bool half = halves_ && s == 0;  // then no NOP is there, whose half is no branch
    std::string word = "w" + std::to_string(half ? 7 + pick(2) : 6 + pick(3));
    if (data_) {
      data_ = false;
      feature("data dependency");
      line("eor w12, w" + last_ + ", w" + last_ + "\nadd w14, " + word + ", w12");
      word = "w14";
    }
    feature(slot_[s].thread == out_.threads.size() ? "self modification" : "store of code");
    if (half && pick(2) == 0) {
      feature("half a word of code");
      return line("strh " + word + ", [" + at + "]");
    }
    switch (pick(5)) {
      case 1: return line("stlr " + word + ", [" + at + "]");
      case 2: feature("swap of code"); line("swp " + word + ", w" + fresh() + ", [" + at + "]"); return;
      default: return line("str " + word + ", [" + at + "]");
    }
  }

  void maintain(unsigned s) {
    static constexpr std::array<const char*, 4> kClean{"cvau", "cvau", "cvac", "civac"};
    const std::string at = place(address(s));
    const std::string dc = "dc " + std::string(one_of(kClean)) + ", " + at;
    std::string ic = "ic ivau, " + at;
    if (out_.el1 && pick(2) == 0) {
      const bool all = pick(2) == 0;
      feature(all ? "IC IALLUIS" : "IC IALLU");
      ic = all ? "ic ialluis" : "ic iallu";
    }
    const std::string dsb = "dsb ish";
    switch (pick(10)) {
      case 0: feature("no DC"); return lines({dsb, ic, dsb});
      case 1: feature("no IC"); return lines({dc, dsb});
      case 2: feature("IC before DC"); return lines({ic, dsb, dc, dsb});
      case 3: feature("no DSB between DC and IC"); return lines({dc, ic, dsb});
      case 4: feature("no DSB after IC"); return lines({dc, dsb, ic});
      case 5: feature("DMB between DC and IC"); return lines({dc, "dmb ish", ic, dsb});
      case 6: feature("DC alone"); return lines({dc});
      case 7: feature("no ISB"); return lines({dc, dsb, ic, dsb});
      default: feature("everything"); return lines({dc, dsb, ic, dsb, "isb"});
    }
  }
  void lines(const std::vector<std::string>& all) {
    for (const std::string& l : all) line(l);
  }

  void read_code(unsigned s) {
    feature("code as data");
    const std::string at = place(address(s)), d = fresh();
    line("ldr w" + d + ", [" + at + "]");
    last_ = d;
  }

  /// Publishes a function, or calls what was published.
  void pointer(unsigned s) {
    if (slot_[s].thread != kNowhere) return data();
    if (pick(2) == 0) {
      feature("pointer published");
      return line("str " + address(s) + ", [x2]");
    }
    feature("branch through memory");
    line("ldr x10, [x2]\nmov w11, #0\ncbz x10, 1f\nblr x10\n1:\nmov w" + fresh() + ", w11");
  }

  void data() {
    const std::string at = place(pick(2) == 0 ? "x0" : "x1");
    if (pick(2) == 0) {
      data_ = false;
      return line(std::string(pick(4) == 0 ? "stlr" : "str") + " w9, [" + at + "]");
    }
    const std::string d = fresh();
    line(std::string(pick(4) == 0 ? "ldar" : "ldr") + " w" + d + ", [" + at + "]");
    last_ = d;
  }

  void order() {
    static constexpr std::array<const char*, 7> kBarriers{"dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb ld", "dsb st", "isb"};
    switch (pick(10)) {
      case 0:
      case 1: {
        const std::string b = one_of(kBarriers);
        feature(b);
        return line(b);
      }
      case 2: return line("dsb sy\nisb");
      case 3:
      case 4: index_ = !last_.empty(); return;
      case 5: data_ = !last_.empty(); return;
      default:
        if (last_.empty()) return line("isb");
        feature("control dependency");
        line("cbnz w" + last_ + ", 1f\n1:");
        if (pick(3) != 0) line("isb");
    }
  }

  std::mt19937_64 random_;
  FetchProgram out_;
  std::array<Slot, FetchProgram::kSlots> slot_;
  std::string text_, last_;  ///< last_: number of the register that was read last
  unsigned result_ = 15, steps_ = 0;
  bool halves_ = false;
  bool index_ = false, data_ = false;  ///< what the next access is to depend on
};

}  // namespace isobar::axiomatic
