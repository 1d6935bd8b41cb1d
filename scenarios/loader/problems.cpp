#include "scenarios/loader/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <tuple>

namespace isobar::scenarios {

namespace {

constexpr std::size_t kMaxShown = 40;

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

void Problems::add(u32 line, u32 column, std::string message) {
  all_.push_back({{file_, line, column}, std::move(message)});
}

void Problems::add(const InputError& e) {
  all_.insert(all_.end(), e.diagnostics().begin(), e.diagnostics().end());
}

void Problems::throw_if_any() const {
  if (all_.empty()) return;
  std::vector<Diagnostic> sorted = all_;
  std::sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.line, a.where.column, a.message) <
           std::tie(b.where.line, b.where.column, b.message);
  });
  if (sorted.size() > kMaxShown) {
    const std::size_t more = sorted.size() - kMaxShown;
    sorted.resize(kMaxShown);
    sorted.push_back({{file_, 0, 0}, fmt::format("{} more errors are not shown", more)});
  }
  throw InputError(std::move(sorted));
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  // Long words cannot be misspellings of short names, and the distance is quadratic.
  if (word.empty() || word.size() > 64) return {};
  const std::size_t limit = std::max<std::size_t>(1, std::min<std::size_t>(3, word.size() / 2));
  std::size_t best = limit + 1;
  std::string found;
  for (const std::string& c : candidates) {
    if (c.size() > 64) continue;
    const std::size_t d = edit_distance(word, c);
    if (d < best) {
      best = d;
      found = c;
    }
  }
  return found;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  if (!near.empty()) return "; did you mean '" + near + "'?";
  if (candidates.empty() || candidates.size() > 20) return {};
  return fmt::format("; expected {}{}", candidates.size() > 1 ? "one of " : "", fmt::join(candidates, ", "));
}

std::string quoted(std::string_view text) {
  std::string s = "'";
  for (const char c : text.substr(0, 60)) s += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  // Never cut a UTF-8 sequence in two.
  if (text.size() > 60) {
    while (s.size() > 1 && (static_cast<unsigned char>(s.back()) & 0x80) != 0) s.pop_back();
    s += "...";
  }
  return s + "'";
}

}  // namespace isobar::scenarios
