#include "scenarios/loader/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "isa/assembler.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

/// Error numbers of Linux (asm-generic/errno-base.h, errno.h) that syscalls of the kernel shim return.
constexpr std::array<std::pair<std::string_view, unsigned>, 16> kErrors{{{"EPERM", 1},
                                                                         {"ENOENT", 2},
                                                                         {"ESRCH", 3},
                                                                         {"EINTR", 4},
                                                                         {"EBADF", 9},
                                                                         {"EAGAIN", 11},
                                                                         {"ENOMEM", 12},
                                                                         {"EACCES", 13},
                                                                         {"EFAULT", 14},
                                                                         {"EBUSY", 16},
                                                                         {"EEXIST", 17},
                                                                         {"EINVAL", 22},
                                                                         {"ERANGE", 34},
                                                                         {"ENOSYS", 38},
                                                                         {"EOPNOTSUPP", 95},
                                                                         {"ETIMEDOUT", 110}}};

__extension__ typedef unsigned __int128 Wide;

std::string_view trim(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

bool fits(const Value& v, unsigned bits) {
  if (bits >= 128) return true;
  if (bits > 64) return (v.hi & ~ones(bits - 64)) == 0;
  return v.hi == 0 && (v.lo & ~ones(bits)) == 0;
}

Value negate(const Value& v, unsigned bits) {
  Value n{~v.lo + 1, ~v.hi + (v.lo == 0 ? 1 : 0)};
  if (bits <= 64) n.hi = 0;
  if (bits < 64) n.lo &= ones(bits);
  return n;
}

std::optional<u64> label_address(std::string_view owner, std::string_view label, const Scenario& s,
                                 std::string& why) {
  const int thread = s.find_thread(owner);
  const MemoryLocation* memory = s.find_memory(owner);
  const Code* code = thread >= 0 ? &s.threads[static_cast<std::size_t>(thread)].code
                     : memory != nullptr && memory->is_code ? &memory->code
                                                            : nullptr;
  if (code == nullptr) {
    std::vector<std::string> owners = thread_names(s);
    for (const MemoryLocation& m : s.memory) {
      if (m.is_code) owners.push_back(m.name);
    }
    why = fmt::format("{} is neither a thread nor a code area{}", scenarios::quoted(owner), suggestion(owner, owners));
    return std::nullopt;
  }
  const auto found = code->labels.find(std::string(label));
  if (found == code->labels.end()) {
    const std::vector<std::string> labels = label_names(*code);
    why = fmt::format("{} has no label {}{}", owner, scenarios::quoted(label), suggestion(label, labels));
    return std::nullopt;
  }
  return found->second;
}

std::optional<Value> parse_digits(std::string_view digits, unsigned base, std::string_view whole,
                                  std::string& why) {
  Wide v = 0;
  bool any = false;
  for (const char c : digits) {
    if (c == '_') continue;
    const bool digit = std::isxdigit(static_cast<unsigned char>(c)) != 0;
    const unsigned d = !digit     ? 99u
                       : c <= '9' ? static_cast<unsigned>(c - '0')
                                  : static_cast<unsigned>((c | 0x20) - 'a' + 10);
    if (d >= base) {
      why = fmt::format("{} is not a number", scenarios::quoted(whole));
      return std::nullopt;
    }
    if (v > (~static_cast<Wide>(0) - d) / base) {
      why = fmt::format("{} does not fit in 128 bits", scenarios::quoted(whole));
      return std::nullopt;
    }
    v = v * base + d;
    any = true;
  }
  if (!any) {
    why = fmt::format("{} is not a number", scenarios::quoted(whole));
    return std::nullopt;
  }
  return Value{static_cast<u64>(v), static_cast<u64>(v >> 64)};
}

}  // namespace

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > 64 || std::isdigit(static_cast<unsigned char>(text.front())) != 0)
    return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

bool is_register_name(std::string_view text) {
  return text.size() > 1 && isa::parse_register(text) != isa::Reg::None;
}

std::optional<unsigned> error_number(std::string_view text) {
  for (const auto& [name, number] : kErrors) {
    if (name == text) return number;
  }
  return std::nullopt;
}

std::optional<Value> parse_number(std::string_view text, std::string& why) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    return parse_digits(text.substr(2), 16, text, why);
  }
  if (text.size() > 1 && text[0] == '0' && std::isdigit(static_cast<unsigned char>(text[1])) != 0) {
    why =
        fmt::format("{} starts with 0, which some read as octal; write a decimal or 0x number", scenarios::quoted(text));
    return std::nullopt;
  }
  return parse_digits(text, 10, text, why);
}

std::optional<u64> parse_address(std::string_view text, const Scenario& scenario, std::string& why) {
  std::string_view base = text;
  std::string_view extra;
  bool element = false;
  if (const std::size_t at = text.find_first_of("+["); at != std::string_view::npos) {
    base = trim(text.substr(0, at));
    extra = trim(text.substr(at + 1));
    element = text[at] == '[';
    if (element) {
      if (extra.empty() || extra.back() != ']') {
        why = fmt::format("{}: ']' is missing", scenarios::quoted(text));
        return std::nullopt;
      }
      extra = trim(extra.substr(0, extra.size() - 1));
    }
  }
  u64 address = 0;
  const MemoryLocation* memory = nullptr;
  if (const std::size_t dot = base.find('.'); dot != std::string_view::npos) {
    const std::optional<u64> label = label_address(base.substr(0, dot), base.substr(dot + 1), scenario, why);
    if (!label) return std::nullopt;
    address = *label;
  } else {
    memory = scenario.find_memory(base);
    if (memory == nullptr) {
      const int thread = scenario.find_thread(base);
      if (thread < 0) {
        why = fmt::format("{} is not a location{}", scenarios::quoted(base), suggestion(base, location_names(scenario)));
        return std::nullopt;
      }
      address = scenario.threads[static_cast<std::size_t>(thread)].code.base;
    } else {
      address = memory->address;
    }
  }
  if (extra.empty() && base.size() == text.size()) return address;
  const std::optional<Value> offset = parse_number(extra, why);
  if (!offset) return std::nullopt;
  if (element && (memory == nullptr || offset->hi != 0 || offset->lo >= memory->count)) {
    why = memory == nullptr ? fmt::format("{} has no elements", scenarios::quoted(base))
                            : fmt::format("{} has {} element{}, numbered from 0", base, memory->count,
                                          memory->count == 1 ? "" : "s");
    return std::nullopt;
  }
  return address + offset->lo * (element ? memory->element : 1);
}

/// An address, or `ADDRESS:TAG`, a pointer with an address tag from 0 to 15.
std::optional<u64> parse_pointer(std::string_view text, const Scenario& scenario, std::string& why) {
  const std::size_t colon = text.rfind(':');
  const std::optional<u64> address = parse_address(trim(text.substr(0, colon)), scenario, why);
  if (!address || colon == std::string_view::npos) return address;
  const std::optional<Value> tag = parse_number(trim(text.substr(colon + 1)), why);
  if (!tag) return std::nullopt;
  if (tag->hi != 0 || tag->lo > 15) {
    why = fmt::format("{}: an address tag is 0 to 15", scenarios::quoted(text));
    return std::nullopt;
  }
  return *address | tag->lo << 56;
}

void resolve(Constant& c, unsigned bits, const Scenario& scenario, Problems& problems) {
  const std::string_view text = trim(c.text);
  std::string why;
  const bool minus = !text.empty() && text.front() == '-';
  const std::string_view body = minus ? trim(text.substr(1)) : text;
  std::optional<Value> v;
  if (!body.empty() && std::isdigit(static_cast<unsigned char>(body.front())) != 0) {
    v = parse_number(body, why);
  } else if (const std::optional<unsigned> error = error_number(body)) {
    v = Value{*error, 0};
  } else if (!minus && body.substr(0, 6) == "instr(" && body.back() == ')') {
    const std::optional<u32> word = isa::assemble_word(body.substr(6, body.size() - 7), &why);
    if (word) v = Value{*word, 0};
  } else if (!minus && !body.empty()) {
    if (const std::optional<u64> address = parse_pointer(body, scenario, why)) v = Value{*address, 0};
  } else {
    why = "expected a number, an address such as x+8 or P0.label, or instr(...)";
  }
  if (!v) {
    problems.add(c.line, c.column, why);
    return;
  }
  const unsigned magnitude = minus ? bits - 1 : bits;
  const bool smallest = minus && bits <= 64 && v->hi == 0 && v->lo == u64{1} << (bits - 1);
  if (!fits(*v, magnitude) && !smallest) {
    problems.add(c.line, c.column, fmt::format("{} does not fit in {} bits", text, bits));
    return;
  }
  c.value = minus ? negate(*v, bits) : *v;
}

std::vector<std::string> location_names(const Scenario& s) {
  std::vector<std::string> names;
  for (const MemoryLocation& m : s.memory) names.push_back(m.name);
  return names;
}

std::vector<std::string> thread_names(const Scenario& s) {
  std::vector<std::string> names;
  for (const Thread& t : s.threads) names.push_back(t.name);
  return names;
}

std::vector<std::string> label_names(const Code& c) {
  std::vector<std::string> names;
  for (const auto& [label, address] : c.labels) names.push_back(label);
  return names;
}

}  // namespace isobar::scenarios
