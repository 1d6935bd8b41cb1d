#include "tools/insertion.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include "scenarios/import/litmus.h"
#include "support/diagnostic.h"

namespace isobar::tools {

namespace {

using Where = Insertion::Where;

[[noreturn]] void refuse(const Workload& w, const CodeLine& at, const std::string& why) {
  throw InputError(Diagnostic{{w.file, at.line, at.column}, why});
}

// Litmus: the table of instructions itself is changed.

/// Where in the column the added instructions begin.
u32 row(const Insertion& i) {
  return i.at.index + (i.where == Where::After ? 1 : 0);
}

/// Indices of `insertions`, those furthest down first, so that making one does not move the place of another.
std::vector<std::size_t> from_the_end(const std::vector<Insertion>& insertions) {
  std::vector<std::size_t> order(insertions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(row(insertions[a]), a) > std::pair(row(insertions[b]), b);
  });
  return order;
}

void insert_into(scenarios::LitmusThread& t, const Insertion& i) {
  const u32 at = row(i), count = static_cast<u32>(i.code.size());
  const scenarios::LitmusPosition where = t.code[i.at.index].where;
  std::vector<scenarios::LitmusInstruction> added;
  for (const std::string& text : i.code) added.push_back({text, where});
  t.code.insert(t.code.begin() + at, added.begin(), added.end());
  for (scenarios::LitmusLabel& l : t.labels) {
    if (l.index > at || (l.index == at && i.where != Where::Before)) l.index += count;
  }
}

u64 litmus_pc(unsigned thread, u64 index) {
  return scenarios::kLitmusCode + thread * scenarios::kLitmusCodeStride + 4 * index;
}

Extended extend_litmus(const Workload& w, const std::vector<Insertion>& insertions) {
  scenarios::LitmusTest test = scenarios::parse_litmus(w.text, w.file);
  for (const std::size_t n : from_the_end(insertions)) {
    for (scenarios::LitmusThread& t : test.threads) {
      if (t.number == insertions[n].at.thread && !t.handler) insert_into(t, insertions[n]);
    }
  }
  scenarios::LitmusOptions options;
  options.variants = w.overrides.variants;
  options.tso = w.overrides.tso;
  options.tso_flavour = w.overrides.tso_flavour;
  auto program = std::make_shared<scenarios::LitmusProgram>(scenarios::build_litmus(test, options));
  Extended out;
  out.workload = w;
  out.workload.observables = program->observables;
  out.workload.machine = std::make_shared<model::Machine>(program->config, program->program);
  out.workload.litmus = std::move(program);
  for (std::size_t n = 0; n < insertions.size(); ++n) {
    u64 before = 0;  // instructions that the others have put in front
    for (std::size_t m = 0; m < insertions.size(); ++m) {
      const bool earlier =
          row(insertions[m]) < row(insertions[n]) || (row(insertions[m]) == row(insertions[n]) && m < n);
      if (insertions[m].at.thread == insertions[n].at.thread && earlier) before += insertions[m].code.size();
    }
    for (std::size_t k = 0; k < insertions[n].code.size(); ++k)
      out.added.push_back({n, k, litmus_pc(insertions[n].at.thread, row(insertions[n]) + before + k)});
  }
  for (const scenarios::LitmusThread& t : test.threads) {
    if (t.handler) continue;
    for (u32 i = 0; i < t.code.size(); ++i) {
      const u64 pc = litmus_pc(t.number, i);
      const std::optional<u32> word = word_at(out.workload.machine->program(), pc);
      if (word)
        out.code.push_back(
            {t.number, pc, *word, t.code[i].text, t.code[i].where.line, t.code[i].where.column, i});
    }
  }
  return out;
}

// Scenarios: lines are added to the text, with the indentation of the line they stand beside.

struct Lines {
  std::vector<std::string> text;
  std::vector<u32> number;                                   ///< in the old text
  std::map<u32, std::pair<std::size_t, std::size_t>> added;  ///< by 0-based new line: insertion, line of it
};

bool is_label_line(const std::string& line) {
  const std::size_t end = line.find_last_not_of(" \t\r");
  return end != std::string::npos && line[end] == ':' && line.find(' ', line.find_first_not_of(' ')) > end;
}

/// Where the code of a thread begins, for messages.
CodeLine start_of(const Workload& w, unsigned thread) {
  CodeLine out;
  const scenarios::AsmText& text = w.scenario->threads[thread].assembly;
  out.line = text.line;
  out.column = text.column;
  return out;
}

Lines extended_lines(const Workload& w, const std::vector<Insertion>& insertions) {
  std::vector<std::string> old;
  std::istringstream in(w.text);
  for (std::string line; std::getline(in, line);) old.push_back(line);
  std::vector<std::vector<std::size_t>> above(old.size() + 2), behind_label(old.size() + 2);
  for (std::size_t n = 0; n < insertions.size(); ++n) {
    const Insertion& i = insertions[n];
    const bool known = i.at.line != 0 && i.at.line <= old.size() && i.at.column != 0;
    const std::string line = known ? old[i.at.line - 1] : "";
    if (!known || line.size() < i.at.column || line.compare(i.at.column - 1, i.at.text.size(), i.at.text) != 0)
      refuse(w, known ? i.at : start_of(w, i.at.thread), "expected one instruction on each line of a block (asm: |)");
    u32 at = i.at.line;
    if (i.where == Where::After) ++at;
    while (i.where == Where::BeforeLabel && at >= 2 && is_label_line(old[at - 2])) --at;
    const std::size_t first = line.find_first_not_of(' ');
    const bool labelled = first + 1 != i.at.column;
    (i.where == Where::Before && labelled ? behind_label : above)[at].push_back(n);
  }
  Lines out;
  const auto add = [&](const std::vector<std::size_t>& list, const std::string& indentation) {
    for (const std::size_t n : list) {
      for (std::size_t k = 0; k < insertions[n].code.size(); ++k) {
        out.added[static_cast<u32>(out.text.size())] = {n, k};
        out.text.push_back(indentation + insertions[n].code[k]);
        out.number.push_back(insertions[n].at.line);
      }
    }
  };
  for (u32 number = 1; number <= old.size() + 1; ++number) {
    if (!above[number].empty()) {
      const std::string& beside = old[insertions[above[number].front()].at.line - 1];
      add(above[number], beside.substr(0, beside.find_first_not_of(' ')));
    }
    if (number > old.size()) break;
    std::string line = old[number - 1];
    if (!behind_label[number].empty()) {
      const std::string indentation = line.substr(0, line.find_first_not_of(' '));
      const std::size_t column = insertions[behind_label[number].front()].at.column;
      out.text.push_back(line.substr(0, column - 1));
      out.number.push_back(number);
      add(behind_label[number], indentation);
      line = indentation + line.substr(column - 1);
    }
    out.text.push_back(line);
    out.number.push_back(number);
  }
  return out;
}

Extended extend_scenario(const Workload& w, const std::vector<Insertion>& insertions) {
  const Lines lines = extended_lines(w, insertions);
  std::string text;
  for (const std::string& line : lines.text) text += line + "\n";
  Overrides overrides = w.overrides;
  overrides.variants = w.variant.empty() ? std::vector<std::string>{} : std::vector<std::string>{w.variant};
  Extended out;
  out.workload = parse_workloads(text, w.file, overrides).front();
  const Listing listing(out.workload);
  for (const CodeLine& c : listing.code()) {
    out.code.push_back(c);
    if (c.line == 0) continue;
    const auto added = lines.added.find(c.line - 1);
    if (added != lines.added.end()) out.added.push_back({added->second.first, added->second.second, c.pc});
    out.code.back().line = lines.number[c.line - 1];
  }
  std::size_t expected = 0;
  for (const Insertion& i : insertions) expected += i.code.size();
  if (out.added.size() != expected) refuse(w, insertions.front().at, "the code stands for several threads");
  return out;
}

}  // namespace

Extended insert_code(const Workload& w, const std::vector<Insertion>& insertions) {
  return w.litmus ? extend_litmus(w, insertions) : extend_scenario(w, insertions);
}

}  // namespace isobar::tools
