#include "scenarios/import/guest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "scenarios/import/guest_registers.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

constexpr u64 kMaxGuestElements = 4096;  ///< of an array

[[noreturn]] void refuse(const std::string& message) {
  throw InputError(Diagnostic{{}, message});
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::optional<u64> number(std::string_view digits) {
  const bool hexadecimal = digits.substr(0, 2) == "0x";
  if (hexadecimal) digits.remove_prefix(2);
  u64 v = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v, hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return v;
}

/// A thread by name or number.
const std::string& find_thread(const std::string& what, const std::string& thread, const std::vector<std::string>& threads) {
  const auto found = std::find(threads.begin(), threads.end(), thread);
  if (found != threads.end()) return *found;
  const auto n = is_name(thread) ? std::nullopt : number(thread);
  if (!n || *n >= threads.size())
    refuse(fmt::format("{}: no thread '{}'; the threads are {}", what, thread, fmt::join(threads, ", ")));
  return threads[*n];
}

/// `THREAD:REGISTER`, or `THREAD:REGISTER[HALF]`, that starts at `from`; nullopt for other words.
struct GuestTerm {
  std::string thread, reg;
  std::size_t end = 0;
};
std::optional<GuestTerm> guest_term(const std::string& condition, std::size_t from) {
  std::size_t colon = from;
  while (colon < condition.size() && is_word(condition[colon])) ++colon;
  std::size_t end = colon + 1;
  while (end < condition.size() && is_word(condition[end])) ++end;
  if (colon >= condition.size() || condition[colon] != ':' || end == colon + 1) return std::nullopt;
  const std::size_t close = end < condition.size() && condition[end] == '[' ? condition.find(']', end) : std::string::npos;
  if (close != std::string::npos) end = close + 1;
  return GuestTerm{condition.substr(from, colon - from), condition.substr(colon + 1, end - colon - 1), end};
}

std::string place_of(const GuestOptions& options, const std::string& what, const GuestTerm& term,
                     const std::vector<std::string>& threads, const GuestPlace& place) {
  const std::string found = place(find_thread(what, term.thread, threads), term.reg);
  if (found.empty()) refuse(fmt::format("{}: '{}' is no register of the guest; expected {}", what, term.reg, options.register_names));
  return found;
}

/// The condition with every THREAD:REGISTER replaced by its place.
std::string translate(const GuestOptions& options, const std::string& condition, const std::vector<std::string>& threads,
                      const GuestPlace& place) {
  std::string out;
  for (std::size_t i = 0; i < condition.size();) {
    const char c = condition[i];
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ')
      refuse(fmt::format("condition '{}': unexpected character at {}", condition, i + 1));
    if (!is_word(c)) {
      out += c;
      ++i;
      continue;
    }
    if (const auto term = guest_term(condition, i)) {
      out += place_of(options, "condition '" + condition + "'", *term, threads, place);
      i = term->end;
      continue;
    }
    while (i < condition.size() && is_word(condition[i])) out += condition[i++];
  }
  return out;
}

}  // namespace

std::string helper_code(const GuestOptions& options, u64 address) {
  const auto name = options.helper_names.find(address);
  if (name == options.helper_names.end()) return "";
  const auto code = options.helpers.find(name->second);
  if (code != options.helpers.end()) return code->second;
  if (options.stub_helpers) return "";
  refuse(fmt::format("the work of the helper '{}' is not known; --helpers gives it, --stub-helpers lets it return without effect",
                     name->second));
}

std::string helper_yaml(const std::string& label, const std::string& remark, u64 at, const std::string& code) {
  std::string y = fmt::format("  # {}\n  {}:\n    type: code\n", remark, label);
  if (at != 0) y += fmt::format("    at: {:#x}\n", at);
  y += "    asm: |\n";
  for (std::size_t from = 0; from < code.size();) {
    const std::size_t end = std::min(code.find('\n', from), code.size());
    if (end > from) y += "      " + code.substr(from, end - from) + "\n";
    from = end + 1;
  }
  return y;
}

bool asks_for_flags(const GuestOptions& options) {
  for (const GuestQuestion& q : options.questions) {
    for (std::size_t i = 0; i < q.condition.size(); ++i) {
      const bool starts = is_word(q.condition[i]) && (i == 0 || !is_word(q.condition[i - 1]));
      const auto term = starts ? guest_term(q.condition, i) : std::nullopt;
      const auto part = term ? find_guest_part(term->reg) : std::nullopt;
      if (part && part->kind == GuestPart::Kind::Flag) return true;
    }
  }
  return false;
}

bool fits_in(const std::string& value, unsigned bits) {
  const bool wide = value.rfind("0x", 0) == 0 && value.size() > 18;
  if (wide) return bits == 128 && value.size() <= 34 && value.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  const auto v = number(value);
  return v && (bits >= 64 || *v >> bits == 0);
}

bool is_name(const std::string& s) {
  return !s.empty() && std::isdigit(static_cast<unsigned char>(s[0])) == 0 && std::all_of(s.begin(), s.end(), is_word);
}

std::string guest_variables_yaml(const GuestOptions& options, u64 shift) {
  std::string y;
  for (const GuestVariable& v : options.variables) {
    if (!is_name(v.name)) refuse(fmt::format("'{}' is not a name for a variable", v.name));
    y += fmt::format("  {}: {{at: {:#x}{}{}}}\n", v.name, shift + v.address,
                     v.count == 0 ? "" : fmt::format(", count: {}", v.count),
                     v.value == 0 ? "" : fmt::format(", value: {:#x}", v.value));
  }
  return y;
}

std::string guest_questions_yaml(const GuestOptions& options, const std::vector<std::string>& threads,
                                 const std::vector<std::string>& shown, const GuestPlace& place) {
  std::string y;
  if (options.questions.empty()) {
    y = "show:\n";
    for (const GuestVariable& v : options.variables) y += fmt::format("  - {}\n", v.name);
    for (const std::string& thread : threads) {
      for (const std::string& reg : shown) y += fmt::format("  - {}\n", place(thread, reg));
    }
    return y;
  }
  y = "expect:\n";
  for (const GuestQuestion& q : options.questions) {
    y += fmt::format("  - {}: \"{}\"\n    why: \"{}\"\n", q.verdict, translate(options, q.condition, threads, place),
                     q.why.empty() ? "In the guest: " + q.condition : q.why);
  }
  return y;
}

GuestVariable parse_guest_variable(const std::string& text) {
  const std::size_t equals = text.find('='), colon = text.find(':', equals == std::string::npos ? 0 : equals);
  const bool valued = colon != std::string::npos;
  const auto address = number(equals == std::string::npos ? "" : text.substr(equals + 1, colon - equals - 1));
  const auto value = valued ? number(text.substr(colon + 1)) : u64{0};
  std::string name = text.substr(0, equals);
  const std::size_t bracket = name.find('[');
  const bool array = bracket != std::string::npos;
  const auto count = array ? number(std::string_view(name).substr(bracket + 1, name.size() - bracket - 2)) : u64{0};
  const bool closed = !array || (name.back() == ']' && count && *count != 0 && *count <= kMaxGuestElements);
  if (equals == 0 || !address || !value || !closed) {
    refuse("--variable " + text + ": expected NAME=ADDRESS or NAME=ADDRESS:VALUE, such as flag=0x401180 or a[2]=0x401180");
  }
  name.resize(std::min(bracket, name.size()));
  return {name, *address, *value, *count};
}

GuestRegister parse_guest_register(const std::string& text) {
  const std::size_t colon = text.find(':'), equals = text.find('=');
  const bool shaped = colon != std::string::npos && equals != std::string::npos && colon < equals;
  GuestRegister r;
  if (shaped) r = {text.substr(0, colon), text.substr(colon + 1, equals - colon - 1), text.substr(equals + 1)};
  if (!shaped || !is_name(r.thread) || !is_name(r.name) || (!is_name(r.value) && !fits_in(r.value, 128)))
    refuse("--register " + text + ": expected THREAD:REGISTER=VALUE, such as reader:rdi=flag or P0:rcx=3");
  return r;
}

}  // namespace isobar::scenarios
