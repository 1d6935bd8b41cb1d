// Seeded random programs around cycles of communication, as diy makes them, with whatever user-level A64 offers.
//
// A program of T threads is a cycle: the last access of a thread and the first of the next one meet in a location and at
// least one of them writes (rf, fr or co). Between the accesses of a thread stands an edge of program order: nothing, a
// barrier, a dependency. Every access takes one of the forms that its direction and size have.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

namespace isobar::axiomatic {

struct CycleProgram {
  std::vector<std::string> threads;  ///< assembly text
  std::vector<bool> tso;             ///< by thread
  unsigned flavour = 0;              ///< 0 to 2: T1, T2, T3
  std::vector<std::string> features; ///< what was drawn, for counting
};

/// Deterministic for a seed, whatever the standard library: std::mt19937_64 with a plain remainder. X0 to X3 hold the
/// locations, which are 16-byte granules; X4 to X8 and X11 to X28 are free at the start and zero.
class CycleGenerator {
 public:
  explicit CycleGenerator(u64 seed) : random_(seed) {}

  CycleProgram make() {
    out_ = {};
    const unsigned threads = pick(8) == 0 ? 3 : 2;
    mixed_ = pick(5) == 0;
    feature(mixed_ ? "mixed sizes" : "words");
    feature(std::to_string(threads) + " threads");
    out_.flavour = pick(3);
    const unsigned machine = pick(3);  // no core, all, some
    std::vector<Meeting> meetings;
    for (unsigned t = 0; t < threads; ++t) meetings.push_back(meeting(t));
    for (unsigned t = 0; t < threads; ++t) {
      const bool tso = machine == 1 || (machine == 2 && pick(2) == 0);
      out_.tso.push_back(tso);
      const Meeting& from = meetings[(t + threads - 1) % threads];
      out_.threads.push_back(thread(from, meetings[t], threads));
    }
    feature(machine == 0 ? "weak machine" : machine == 1 ? "TSO machine" : "mixed machine");
    return out_;
  }

 private:
  /// The last access of thread t and the first of the next one.
  struct Meeting {
    unsigned location = 0;
    bool before_writes = false, after_writes = false;
  };
  struct Place {
    std::string base;     ///< register
    unsigned offset = 0, size = 4;
    std::string index;    ///< register that is zero but depends on something; empty: none
  };

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  void feature(const std::string& name) { out_.features.push_back(name); }

  Meeting meeting(unsigned t) {
    const unsigned kind = pick(3);
    feature(kind == 0 ? "rf" : kind == 1 ? "fr" : "co");
    return {t, kind != 1, kind != 0};
  }

  std::string thread(const Meeting& from, const Meeting& to, unsigned locations) {
    text_ = ".arch armv8.7-a\n";
    result_ = 11;
    last_.clear();
    access(from.location, from.after_writes);
    const unsigned between = pick(8) == 0 ? 1 : 0;
    for (unsigned i = 0; i < between; ++i) {
      edge();
      access(pick(locations), pick(2) == 0);
    }
    edge();
    access(to.location, to.before_writes);
    return text_;
  }

  void line(const std::string& s) { text_ += s + "\n"; }
  std::string fresh() { return std::to_string(result_ < 28 ? result_++ : result_); }

  /// A value that no other write of the thread has; for data dependencies it depends on what was read last.
  std::string value() {
    const std::string r = fresh();
    if (data_ && !last_.empty()) {
      line("eor w" + r + ", w" + last_ + ", w" + last_);
      line("add w" + r + ", w" + r + ", #" + std::to_string(++written_));
      feature("data dependency");
    } else {
      line("mov w" + r + ", #" + std::to_string(++written_));
    }
    data_ = false;
    return r;
  }

  void edge() {
    static const std::vector<std::string> kBarriers{"dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb ld", "dsb st", "isb"};
    switch (pick(8)) {
      case 0: return;
      case 1:
      case 2: {
        const std::string& b = kBarriers[pick(static_cast<unsigned>(kBarriers.size()))];
        feature(b);
        return line(b);
      }
      case 3: index_ = !last_.empty(); return;
      case 4: data_ = !last_.empty(); return;
      case 5:
      case 6:
        if (last_.empty()) return;
        line("cbnz w" + last_ + ", 1f\n1:");
        feature("control dependency");
        if (pick(2) == 0) {
          line("isb");
          feature("control dependency and isb");
        }
        return;
      default: select_ = !last_.empty(); return;
    }
  }

  Place place(unsigned location) {
    Place p;
    p.base = "x" + std::to_string(location);
    if (mixed_) {
      p.size = 1u << pick(4);
      p.offset = pick(6) == 0 ? pick(17 - p.size) : pick(16 / p.size) * p.size;
      if (p.offset % p.size != 0) feature("unaligned");
    }
    if (select_) {
      const std::string r = fresh();
      line("cmp w" + last_ + ", #1");
      line("csel x" + r + ", " + p.base + ", " + p.base + ", eq");
      p.base = "x" + r;
      feature("pick dependency");
      select_ = false;
    }
    if (index_) {
      const std::string r = fresh();
      line("eor w" + r + ", w" + last_ + ", w" + last_);
      if (p.offset != 0) line("add w" + r + ", w" + r + ", #" + std::to_string(p.offset));
      p.index = "w" + r;
      feature("address dependency");
      index_ = false;
    }
    return p;
  }

  /// For forms with no more than a base register.
  std::string bare(Place& p) {
    if (p.offset == 0 && p.index.empty()) return "[" + p.base + "]";
    const std::string r = fresh();
    if (p.index.empty()) {
      line("add x" + r + ", " + p.base + ", #" + std::to_string(p.offset));
    } else {
      line("add x" + r + ", " + p.base + ", " + p.index + ", uxtw");
    }
    return "[x" + r + "]";
  }
  std::string full(const Place& p) {
    return p.index.empty() ? "[" + p.base + ", #" + std::to_string(p.offset) + "]" : "[" + p.base + ", " + p.index + ", uxtw]";
  }
  static std::string suffix(const Place& p) { return p.size == 1 ? "b" : p.size == 2 ? "h" : ""; }
  static std::string width(const Place& p) { return p.size == 8 ? "x" : "w"; }

  void access(unsigned location, bool writes) {
    if (writes) {
      write(location);
    } else {
      read(location);
    }
  }

  void read(unsigned location) {
    Place p = place(location);
    data_ = false;
    const std::string s = suffix(p), w = width(p), d = fresh();
    const bool aligned = p.offset % p.size == 0;
    switch (pick(aligned ? 8 : 4)) {
      case 0:
      case 1: line("ldr" + s + " " + w + d + ", " + full(p)); break;
      case 2: feature("ldar"); line("ldar" + s + " " + w + d + ", " + bare(p)); break;
      case 3: feature("ldapr"); line("ldapr" + s + " " + w + d + ", " + bare(p)); break;
      case 4: feature("ldxr"); line((pick(2) == 0 ? "ldxr" : "ldaxr") + s + " " + w + d + ", " + bare(p)); break;
      case 5: read_modify(p, d); break;
      case 6:
        if (p.size < 4 || !p.index.empty() || p.offset % (2 * p.size) != 0) {
          line("ldr" + s + " " + w + d + ", " + full(p));
        } else {
          feature("pair");
          line("ldp " + w + d + ", " + w + fresh() + ", " + full(p));
        }
        break;
      default: feature("ldapur"); line("ldapur" + s + " " + w + d + ", [" + bare_base(p) + ", #0]");
    }
    last_ = d;
  }
  std::string bare_base(Place& p) {
    const std::string b = bare(p);
    return b.substr(1, b.size() - 2);
  }

  std::string order() {
    static const std::vector<std::string> kOrders{"", "a", "l", "al"};
    return kOrders[pick(4)];
  }

  /// An atomic operation whose read counts.
  void read_modify(Place& p, const std::string& d) {
    const std::string v = value(), s = suffix(p), w = width(p), at = bare(p);
    switch (pick(3)) {
      case 0: feature("ldadd"); return line("ldadd" + order() + s + " " + w + v + ", " + w + d + ", " + at);
      case 1: feature("swp"); return line("swp" + order() + s + " " + w + v + ", " + w + d + ", " + at);
      default:
        feature("cas");
        if (pick(2) == 0) line("mov w" + d + ", #" + std::to_string(1 + pick(2)));
        return line("cas" + order() + s + " " + w + d + ", " + w + v + ", " + at);
    }
  }

  void write(unsigned location) {
    Place p = place(location);
    const std::string s = suffix(p), w = width(p);
    const bool aligned = p.offset % p.size == 0;
    switch (pick(aligned ? 9 : 3)) {
      case 0:
      case 1: {
        const std::string v = value();
        return line("str" + s + " " + w + v + ", " + full(p));
      }
      case 2: {
        feature("stlr");
        const std::string v = value();
        return line("stlr" + s + " " + w + v + ", " + bare(p));
      }
      case 3: {
        feature("stxr");
        const std::string v = value(), d = fresh(), status = fresh(), at = bare(p);
        line((pick(2) == 0 ? "ldxr" : "ldaxr") + s + " " + w + d + ", " + at);
        line((pick(2) == 0 ? "stxr" : "stlxr") + s + " w" + status + ", " + w + v + ", " + at);
        last_ = pick(2) == 0 ? d : status;
        return;
      }
      case 4: {
        feature("stadd");
        const std::string v = value();
        return line(std::string(pick(2) == 0 ? "stadd" : "staddl") + s + " " + w + v + ", " + bare(p));
      }
      case 5: {
        const std::string d = fresh();
        read_modify(p, d);
        last_ = d;
        return;
      }
      case 6: {
        feature("swp to zero");
        const std::string v = value();
        return line("swp" + order() + s + " " + w + v + ", " + w + "zr, " + bare(p));
      }
      case 7: {
        const std::string v = value();
        if (p.size < 4 || !p.index.empty() || p.offset % (2 * p.size) != 0) return line("str" + s + " " + w + v + ", " + full(p));
        feature("pair");
        return line("stp " + w + v + ", " + w + v + ", " + full(p));
      }
      default: {
        feature("stlur");
        const std::string v = value();
        return line("stlur" + s + " " + w + v + ", [" + bare_base(p) + ", #0]");
      }
    }
  }

  std::mt19937_64 random_;
  CycleProgram out_;
  std::string text_, last_;  ///< last_: number of the register that was read last
  unsigned result_ = 11, written_ = 0;
  bool mixed_ = false, index_ = false, data_ = false, select_ = false;  ///< what the next access is to depend on
};

}  // namespace isobar::axiomatic
