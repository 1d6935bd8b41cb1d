#include "scenarios/mapping/translate.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/mapping/thread_translator.h"

namespace isobar::scenarios {

bool ThreadTranslator::counts_as_store(const X86Instruction& i) const {
  if (!mapping_.blocks) return false;
  const bool vector = i.op == X86Op::MovVector || i.op == X86Op::MovLow;
  if (vector && !mapping_.blocks->count_vector_stores) return false;
  return is_store(i) || is_read_modify_write(i) || i.op == X86Op::RepMovs;
}

/// Locked instructions count when the last store of a block is looked for, though they have barriers of their
/// own (box64: SMWRITELOCK in its first pass).
void ThreadTranslator::find_last_stores() {
  int last = -1;
  const auto close = [&] {
    if (last >= 0) last_store_[static_cast<std::size_t>(last)] = true;
    last = -1;
  };
  for (std::size_t n = 0; n < code_.size(); ++n) {
    if (counts_as_store(code_[n])) last = static_cast<int>(n);
    if (code_[n].op == X86Op::Jmp || code_[n].op == X86Op::Jcc || code_[n].op == X86Op::Ret) close();
  }
  close();
}

void ThreadTranslator::before_store() {
  if (stores_ == 0) {
    barrier(mapping_.blocks->before_first_store);
  } else if (last_store_[index_]) {
    barrier(mapping_.blocks->before_last_store);
  }
}

void ThreadTranslator::after_store() {
  const MappingBlocks& b = *mapping_.blocks;
  if (last_store_[index_]) {
    barrier(b.after_last_store);
    stores_ = 0;
  } else if (b.after_stores && ++stores_ >= b.store_period) {
    barrier(b.after_stores);
    stores_ = 1;
  } else {
    stores_ = std::max(stores_, 1u);
  }
}

void ThreadTranslator::end_of_block() {
  if (!mapping_.blocks || stores_ == 0) return;
  barrier(mapping_.blocks->after_last_store);
  stores_ = 0;
}

Translation translate(const X86Program& x, const Mapping& mapping) {
  Translation t;
  t.test = x.frame;
  t.options.tso = mapping.tso ? "all" : "none";
  t.options.tso_flavour = mapping.tso_flavour;
  for (unsigned thread = 0; thread < x.threads.size(); ++thread)
    ThreadTranslator(x, mapping, thread, t).run();
  return t;
}

LitmusProgram build_translation(const X86Program& x, const Translation& t) {
  LitmusProgram p = build_litmus(t.test, t.options);
  name_as_x86(p, x.program.condition_text);
  return p;
}

namespace {

std::string declaration_text(const LitmusDeclaration& d) {
  std::string type;
  if (d.type.declared)
    type =
        fmt::format("{}int{}_t{} ", d.type.is_signed ? "" : "u", 8 * d.type.size, d.type.pointer ? "*" : "");
  std::string place = d.place.kind == LitmusPlace::Kind::Register
                          ? to_text(d.place)
                          : d.place.name + (d.place.index ? fmt::format("[{}]", *d.place.index) : "");
  return type + place + (d.value ? "=" + to_text(*d.value) : "") + ";";
}

/// The rows of one column: labels with the instruction behind them.
std::vector<std::string> rows(const LitmusThread& t) {
  std::vector<std::string> out(t.code.size());
  for (std::size_t n = 0; n < t.code.size(); ++n) out[n] = t.code[n].text;
  if (std::any_of(t.labels.begin(), t.labels.end(), [&](const auto& l) { return l.index == t.code.size(); }))
    out.push_back("nop");
  for (const LitmusLabel& l : t.labels) out[l.index] = l.name + ": " + out[l.index];
  return out;
}

}  // namespace

std::string litmus_text(const Translation& t, const Mapping& mapping) {
  std::string out = fmt::format(
      "AArch64 {}+{}\n\"translated by the mapping {}\"\n{}{{\n", t.test.name, mapping.name, mapping.name,
      mapping.tso ? fmt::format("TSO=all\nTSOFlavour={}\n", mapping.tso_flavour) : "");
  for (const LitmusDeclaration& d : t.test.init) out += " " + declaration_text(d) + "\n";
  out += "}\n";
  std::vector<std::vector<std::string>> columns;
  std::size_t height = 0;
  for (const LitmusThread& thread : t.test.threads) {
    columns.push_back(rows(thread));
    height = std::max(height, columns.back().size());
  }
  std::vector<std::size_t> width;
  for (const auto& c : columns) {
    width.push_back(2);
    for (const std::string& s : c) width.back() = std::max(width.back(), s.size());
  }
  const auto line = [&](const auto& cell) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      out += fmt::format(" {:<{}} {}", cell(c), width[c], c + 1 == columns.size() ? ";\n" : "|");
  };
  line([](std::size_t c) { return fmt::format("P{}", c); });
  for (std::size_t row = 0; row < height; ++row)
    line([&](std::size_t c) { return row < columns[c].size() ? columns[c][row] : std::string(); });
  if (!t.test.locations.empty()) {
    out += "locations [";
    for (const LitmusPlace& p : t.test.locations)
      out += (p.kind == LitmusPlace::Kind::Memory ? p.name : to_text(p)) + ";";
    out += "]\n";
  }
  return out + condition_text(t.test) + "\n";
}

}  // namespace isobar::scenarios
