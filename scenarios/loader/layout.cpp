// Addresses: where locations and code stand. All of it is decided by the file alone, so that addresses in a
// report mean the same on every variant and in every run.
#include "kernel-shim/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "scenarios/loader/address_map.h"
#include "scenarios/loader/assembly.h"
#include "scenarios/loader/names.h"
#include "scenarios/loader/sections.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

constexpr u64 kPage = 4096;

/// Where a thread of a kernel goes when its text ends.
constexpr const char* kExitSymbol = "isobar_exit";

u64 align_up(u64 v, u64 a) {
  return align_down(v + a - 1, a);
}

struct Range {
  u64 base, end;
};

class Layout {
 public:
  Layout(Scenario& scenario, Problems& problems) : scenario_(scenario), problems_(problems) {
    for (const Variant& v : scenario.variants) {
      line_ = std::max<u64>(line_, v.machine.line_bytes);
      kernel_ = kernel_ || v.kernel.enabled;
    }
  }

  void run() {
    place_fixed();
    place_data();
    for (MemoryLocation& m : scenario_.memory) {
      if (m.is_code) place_code_area(m);
    }
    for (std::size_t t = 0; t < scenario_.threads.size(); ++t) place_thread(scenario_.threads[t], t);
    for (Variant& v : scenario_.variants) {
      for (VariantStart& s : v.starts) {
        const Thread& t = scenario_.threads.at(s.thread);
        s.entry = label(t, s.label, s.line, s.column).value_or(t.entry);
      }
    }
    check_overlaps();
    resolve_values();
  }

 private:
  void place_fixed() {
    for (MemoryLocation& m : scenario_.memory) {
      if (!m.at) continue;
      m.address = *m.at;
      fixed_.push_back({m.address, m.address + m.bytes()});
    }
  }

  /// The first place from `from` on that no location with a fixed address covers.
  u64 free_place(u64 from, u64 bytes, u64 align) const {
    u64 at = align_up(from, align);
    for (bool moved = true; moved;) {
      moved = false;
      for (const Range& r : fixed_) {
        if (at >= r.end || at + bytes <= r.base) continue;
        at = align_up(r.end, align);
        moved = true;
      }
    }
    return at;
  }

  void place_data() {
    u64 next = kDataBase;
    for (MemoryLocation& m : scenario_.memory) {
      // Each location gets cache lines of its own unless it asks for less.
      const u64 align = m.align != 0 ? std::max<u64>(m.align, m.element) : line_;
      if (!m.at && !m.is_code) {
        m.address = free_place(next, m.bytes(), align);
        next = m.address + (m.align != 0 ? m.bytes() : align_up(m.bytes(), line_));
      }
      if (!m.is_code) symbols_[m.name] = m.address;
    }
  }

  bool assemble(const AsmText& text, const std::string& epilogue, u64 base, std::string_view what,
                Code& code) {
    try {
      code = assemble_text(text, epilogue, base, problems_.file(), symbols_);
    } catch (const InputError& e) {
      problems_.add(e);
      return false;
    }
    if (base + code.bytes.size() > kCodeEnd && base < kDataBase) {
      problems_.add(text.line, text.column,
                    fmt::format("the code of {} does not fit: all code together has at most {} KiB", what,
                                (kCodeEnd - kCodeBase) / 1024));
      return false;
    }
    return true;
  }

  void place_code_area(MemoryLocation& m) {
    const u64 align = m.align != 0 ? std::max<u64>(m.align, 4) : line_;
    if (!m.at) m.address = free_place(next_code_, m.bytes(), align);
    m.code.base = m.code.end = m.address;
    if (!m.assembly.text.empty() && assemble(m.assembly, "", m.address, m.name, m.code)) {
      m.count = std::max<u64>(m.count, (m.code.bytes.size() + 3) / 4);
    }
    if (!m.at) next_code_ = m.address + align_up(m.bytes(), m.align != 0 ? 4 : line_);
    symbols_[m.name] = m.address;
  }

  void place_thread(Thread& t, std::size_t index) {
    // Behind its text a thread of a kernel goes where its registers are noted and the exit system call is
    // made.
    const std::string epilogue = kernel_ ? fmt::format("b {}\n", kExitSymbol) : "";
    if (kernel_) symbols_[kExitSymbol] = exit_stub_address(index);
    // A text has pages of its own: nobody else's data or code shares a line with it.
    u64 base = free_place(align_up(next_code_, kPage), kPage, kPage);
    const bool assembled = assemble(t.assembly, epilogue, base, t.name, t.code);
    if (assembled && free_place(base, t.code.bytes.size(), kPage) != base) {
      base = free_place(base, t.code.bytes.size(), kPage);
      assemble(t.assembly, epilogue, base, t.name, t.code);
    }
    if (assembled && !t.assembly.text.empty() && t.code.end == t.code.base)
      problems_.add(t.line, t.column, fmt::format("thread {} has no instructions", t.name));
    t.code.base = base;
    next_code_ = align_up(base + std::max<u64>(t.code.bytes.size(), 4), kPage);
    t.entry = base;
    t.stops = {t.code.end};
    if (!assembled) return;
    if (!t.handler_label.empty()) t.handler = label(t, t.handler_label, t.line, t.column).value_or(0);
    if (!t.start_label.empty()) t.entry = label(t, t.start_label, t.line, t.column).value_or(base);
    for (const std::string& stop : t.stop_labels) {
      if (const std::optional<u64> a = label(t, stop, t.line, t.column)) t.stops.push_back(*a);
    }
  }

  std::optional<u64> label(const Thread& t, const std::string& name, u32 line, u32 column) {
    const auto found = t.code.labels.find(name);
    if (found != t.code.labels.end()) return found->second;
    problems_.add(line, column,
                  fmt::format("thread {} has no label {}{}", t.name, scenarios::quoted(name),
                              suggestion(name, label_names(t.code))));
    return std::nullopt;
  }

  void check_overlaps() {
    struct Piece {
      u64 base, end;
      std::string name;
      u32 line, column;
    };
    std::vector<Piece> pieces;
    if (kernel_) pieces.push_back({kernel::kTextBase, kernel_thread_address(kMaxCores), "the kernel", 0, 0});
    pieces.push_back({kReservedBase, kReservedEnd, "what the loader needs", 0, 0});
    for (const MemoryLocation& m : scenario_.memory)
      pieces.push_back({m.address, m.address + m.bytes(), m.name, m.line, m.column});
    for (const Thread& t : scenario_.threads) {
      pieces.push_back({t.code.base, t.code.base + std::max<u64>(4, t.code.bytes.size()),
                        "the text of " + t.name, t.line, t.column});
    }
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
      return std::tie(a.base, a.end, a.name) < std::tie(b.base, b.end, b.name);
    });
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      if (pieces[i].base >= pieces[i - 1].end) continue;
      const Piece& told = pieces[i].line != 0 ? pieces[i] : pieces[i - 1];
      problems_.add(told.line, told.column,
                    fmt::format("{} at {:#x} overlaps {} at {:#x} to {:#x}", pieces[i].name, pieces[i].base,
                                pieces[i - 1].name, pieces[i - 1].base, pieces[i - 1].end));
    }
  }

  void resolve_values() {
    for (MemoryLocation& m : scenario_.memory) {
      for (Constant& c : m.initial) resolve(c, 8u * m.element, scenario_, problems_);
    }
    // Shared registers appear in every thread; their errors are told once.
    std::set<std::pair<u32, u32>> seen;
    for (Thread& t : scenario_.threads) {
      if (t.rseq) resolve(*t.rseq, 64, scenario_, problems_);
      for (auto& [reg, constant] : t.registers) {
        Problems ignored("");
        const bool first = seen.emplace(constant.line, constant.column).second;
        const bool flag = reg >= isa::Reg::N && reg <= isa::Reg::V;
        resolve(constant, isa::is_vector(reg) ? 128 : flag ? 1 : 64, scenario_, first ? problems_ : ignored);
      }
    }
  }

  Scenario& scenario_;
  Problems& problems_;
  u64 line_ = 64;
  bool kernel_ = false;
  u64 next_code_ = kCodeBase;
  std::vector<Range> fixed_;
  std::map<std::string, u64> symbols_;
};

}  // namespace

void lay_out(Scenario& scenario, Problems& problems) {
  Layout(scenario, problems).run();
}

}  // namespace isobar::scenarios
