#include "scenarios/import/litmus_flags.h"

#include <algorithm>
#include <array>
#include <set>

#include "support/text.h"

namespace isobar::scenarios {
namespace {

/// Adds the features that the variants in `list` switch on, by the name that the warnings have for them.
void add_features(const std::string& list, std::set<std::string>& features) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kFeatures{
      {{"ifetch", "ifetch"},
       {"self", "ifetch"},
       {"memtag", "memtag"},
       {"mte", "memtag"},
       {"vmsa", "vmsa"},
       {"kvm", "vmsa"}}};
  const std::string text = lower(list);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(", \t", at), text.size());
    for (const auto& [word, feature] : kFeatures)
      if (text.compare(at, end - at, word) == 0) features.emplace(feature);
    at = end + 1;
  }
}

}  // namespace

std::vector<std::string> variant_flags(const LitmusTest& test, const LitmusOptions& options) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kUnsupported{
      {{"memtag", "ifetch"}, {"vmsa", "ifetch"}, {"vmsa", "memtag"}}};
  std::set<std::string> features;
  for (const LitmusInfo& info : test.info)
    if (lower(info.key) == "variant") add_features(info.value, features);
  for (const std::string& v : options.variants) add_features(v, features);
  std::vector<std::string> flags;
  for (const auto& [a, b] : kUnsupported)
    if (features.count(std::string(a)) != 0 && features.count(std::string(b)) != 0)
      flags.push_back("combining-" + std::string(a) + "-and-" + std::string(b) + "-is-not-supported");
  return flags;
}

}  // namespace isobar::scenarios
