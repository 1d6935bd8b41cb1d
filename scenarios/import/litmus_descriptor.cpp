#include "scenarios/import/litmus_descriptor.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "model/thread/translation.h"
#include "support/bits.h"

namespace isobar::scenarios {
namespace {

/// A field of one bit (Arm ARM D8.3.1): its name in tests, its place, whether the bit means "no", its default.
struct DescriptorField {
  std::string_view name;
  unsigned bit;
  bool inverted;
  bool by_default;
};
constexpr std::array<DescriptorField, 5> kFields{{{"valid", 0, false, true},
                                        {"af", 10, false, true},
                                        {"db", 7, true, true},
                                        {"dbm", 51, false, false},
                                        {"el0", 6, false, true}}};
constexpr u64 kPageType = 2;  ///< bit 1 of a level 3 descriptor

void set(u64& bits, const DescriptorField& f, bool value) {
  const u64 mask = u64{1} << f.bit;
  bits = value != f.inverted ? bits | mask : bits & ~mask;
}

/// The parts of a list separated by commas outside parentheses, without blanks.
std::vector<std::string> parts(std::string_view list) {
  std::vector<std::string> r(1);
  unsigned depth = 0;
  for (const char c : list) {
    if (c == '(') ++depth;
    if (c == ')' && depth != 0) --depth;
    if (c == ',' && depth == 0)
      r.emplace_back();
    else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
      r.back() += c;
  }
  return r;
}

/// The name in `PA(x)` or `phy_x`.
std::string physical(std::string_view text) {
  if (text.substr(0, 3) == "PA(" && text.back() == ')') return std::string(text.substr(3, text.size() - 4));
  if (text.substr(0, 4) == "phy_") return std::string(text.substr(4));
  return {};
}

}  // namespace

u64 plain_descriptor() {
  u64 bits = kPageType;
  for (const DescriptorField& f : kFields) set(bits, f, f.by_default);
  return bits;
}

LitmusDescriptor parse_litmus_descriptor(std::string_view text) {
  LitmusDescriptor d;
  d.attributes = plain_descriptor();
  if (text.size() >= 2) text = text.substr(1, text.size() - 2);
  for (const std::string& part : parts(text)) {
    if (part.empty()) continue;
    const std::size_t colon = part.find(':');
    const std::string key = part.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : part.substr(colon + 1);
    if (key == "oa") {
      d.output = physical(value);
      if (d.output.empty()) d.refused = part;
      continue;
    }
    bool known = key == "attrs" && (value == "(Normal)" || value == "(TaggedNormal)");
    if (known && value == "(TaggedNormal)") d.attributes |= model::kTaggedNormal << 2;
    for (const DescriptorField& f : kFields) {
      if (f.name != key || (value != "0" && value != "1")) continue;
      set(d.attributes, f, value == "1");
      known = true;
    }
    if (!known) d.refused = part;
  }
  return d;
}

std::string descriptor_text(u64 bits, std::string_view output) {
  std::string s = fmt::format("(oa:PA({})", output);
  for (const DescriptorField& f : kFields) {
    const bool value = (bit(bits, f.bit) != 0) != f.inverted;
    if (value != f.by_default) s += fmt::format(", {}:{}", f.name, value ? 1 : 0);
  }
  if (model::Descriptor{bits}.tagged()) s += ", attrs:(TaggedNormal)";
  return s + ")";
}

std::string table_entry_of(std::string_view location) { return fmt::format("PTE({})", location); }

std::optional<std::string> location_of_table_entry(std::string_view name) {
  if (name.substr(0, 4) == "PTE(" && name.back() == ')') return std::string(name.substr(4, name.size() - 5));
  if (name.substr(0, 4) == "pte_" && name.size() > 4) return std::string(name.substr(4));
  return std::nullopt;
}

}  // namespace isobar::scenarios
