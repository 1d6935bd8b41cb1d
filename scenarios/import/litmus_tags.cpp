#include "scenarios/import/litmus_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/storage/tags.h"
#include "scenarios/import/litmus_builder.h"
#include "support/bits.h"

namespace isobar::scenarios {
namespace {

constexpr std::array<std::string_view, kLitmusTags> kColours{"green", "red",  "blue",   "black",
                                                             "white", "cyan", "yellow", "magenta"};

}  // namespace

std::optional<u64> parse_colour(std::string_view colour) {
  const auto it = std::find(kColours.begin(), kColours.end(), colour);
  if (it == kColours.end()) return std::nullopt;
  return static_cast<u64>(it - kColours.begin());
}

std::string colour(u64 tag) {
  return tag < kColours.size() ? std::string(kColours[tag]) : fmt::format("tag{}", tag);
}

bool is_tag_fault_status(std::string_view name) { return name == "TFSR_ELx" || name == "TFSR_Elx"; }

u64 LitmusBuilder::tag_of(const std::string& name, LitmusPosition where) const {
  if (!p_.config.tagging) wrong(where, fmt::format("the tag '{}' needs a line Variant=memtag or the option --variant memtag", name));
  const std::optional<u64> tag = parse_colour(name);
  if (!tag) wrong(where, fmt::format("unknown memory tag '{}': expected a colour from green to magenta", name));
  return *tag;
}

u64 LitmusBuilder::tag_address(const LitmusPlace& place) {
  if (!p_.config.tagging) wrong(place.where, fmt::format("{} needs a line Variant=memtag or the option --variant memtag", to_text(place)));
  return model::tag_location(symbol(place.name).address + place.offset);
}

void LitmusBuilder::initialise_tag(const LitmusDeclaration& d) {
  const u64 at = tag_address(d.place);
  if (!d.value || d.value->kind != LitmusValue::Kind::Tag)
    wrong(d.place.where, "expected a memory tag such as :green");
  const auto& segments = p_.program.segments;
  if (std::any_of(segments.begin(), segments.end(), [at](const model::Segment& s) { return s.base == at; }))
    wrong(d.place.where, fmt::format("{}: its granule has a tag already", to_text(d.place)));
  p_.program.segments.push_back({at, {static_cast<u8>(tag_of(d.value->text, d.value->where))}});
}

u64 LitmusBuilder::tag_mask(const LitmusValue& list) {
  u64 mask = 0;
  for (const LitmusValue& tag : list.list) mask |= u64{1} << (constant(tag).value & 15);
  return mask;
}

u32 LitmusBuilder::tag_item(const LitmusPlace& place) {
  LitmusItem i;
  i.kind = LitmusItem::Kind::Tag;
  i.name = to_text(place);
  i.size = 1;
  i.is_signed = false;
  trace::Observable o;
  o.kind = trace::Observable::Kind::Memory;
  o.addr = tag_address(place);
  o.size = 1;
  for (u32 k = 0; k < p_.items.size(); ++k) {
    if (p_.items[k].name == i.name) return k;
  }
  return new_item(std::move(i), o);
}

isa::Reg LitmusBuilder::tag_fault_status(unsigned thread) const {
  return starts_at_el1(thread) ? isa::Reg::TFSR_EL1 : isa::Reg::TFSRE0_EL1;
}

bool LitmusBuilder::has_sticky_faults(unsigned thread) const {
  const model::TagChecks checks = p_.config.core[thread].tag_checks;
  return p_.config.tagging &&
         (checks == model::TagChecks::Asynchronous || checks == model::TagChecks::Asymmetric);
}

}  // namespace isobar::scenarios
