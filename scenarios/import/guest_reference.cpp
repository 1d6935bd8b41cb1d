#include "scenarios/import/guest_reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/import/x86_machine.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

constexpr u64 kMaxStates = 1'000'000;

[[noreturn]] void refuse(const std::string& file, const std::string& message) {
  throw InputError(Diagnostic{{file, 0, 0}, message});
}

/// "1:rax=0; x=1;" as "1:rax == 0 && x == 1".
std::string condition_of(std::string_view state, const std::string& file) {
  std::string condition;
  while (!state.empty()) {
    const std::size_t end = std::min(state.find(';'), state.size()), equals = state.find('=');
    if (equals == std::string_view::npos || equals > end) break;
    std::string what(state.substr(0, equals)), value(state.substr(equals + 1, end - equals - 1));
    what.erase(0, what.find_first_not_of(" "));
    if (what.size() > 2 && what.front() == '[' && what.back() == ']') what = what.substr(1, what.size() - 2);
    const std::size_t colon = what.find(':');
    const bool known = colon == std::string::npos
                           ? is_name(what)
                           : is_name(what.substr(colon + 1)) && what.find_first_not_of("0123456789") == colon;
    const std::size_t digits = value.rfind("0x", 0) == 0 ? 2 : value.rfind('-', 0) == 0 ? 1 : 0;
    const bool number = value.size() > digits && value.find_first_not_of("0123456789abcdefABCDEF", digits) == std::string::npos;
    if (!known || !number) refuse(file, fmt::format("'{}={}' is not the value of a general register or of a location", what, value));
    condition += fmt::format("{}{} == {}", condition.empty() ? "" : " && ", what, value);
    state.remove_prefix(std::min(end + 1, state.size()));
  }
  return condition;
}

}  // namespace

GuestQuestion x86_reference(std::string_view text, const std::string& file) {
  const LitmusTest test = parse_litmus(text, file);
  if (!is_x86(test)) refuse(file, "expected a litmus test for X86_64");
  const X86Program x = build_x86(test);
  X86SearchOptions options;
  options.max_states = kMaxStates;
  const X86SearchResult result = search_x86(x, options);
  if (!result.complete) refuse(file, "not all executions on x86-TSO could be looked at: " + result.reason);
  std::string allowed;
  for (const std::string& state : state_texts(x, result))
    allowed += fmt::format("{}({})", allowed.empty() ? "" : " || ", condition_of(state, file));
  if (allowed.empty()) refuse(file, "no execution on x86-TSO has a final state that the test's filter keeps");
  std::string name = test.name;
  std::erase_if(name, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; });
  return {"always", allowed, fmt::format("{} on x86-TSO has no other outcomes.", name)};
}

}  // namespace isobar::scenarios
