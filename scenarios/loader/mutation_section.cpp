// `mutations:`: faults that the expectations of a scenario must notice.
#include <fmt/format.h>

#include "scenarios/loader/names.h"
#include "scenarios/loader/sections.h"

namespace isobar::scenarios {

namespace {

constexpr std::size_t kMaxMutations = 64;

std::optional<unsigned> read_variant(const Node& n, Problems& problems, const Scenario& scenario) {
  std::vector<std::string> names;
  for (unsigned v = 0; v < scenario.variants.size(); ++v) {
    if (n.text == scenario.variants[v].name) return v;
    names.push_back(scenario.variants[v].name);
  }
  problem(problems, n, fmt::format("{} is not a variant{}", scenarios::quoted(n.text), suggestion(n.text, names)));
  return std::nullopt;
}

void read_knob(const Node& n, Problems& problems, const Scenario& scenario, Mutation& m) {
  m.name = n.text;
  m.knob = kernel::parse_knob(n.text);
  if (!m.knob) {
    std::vector<std::string> names;
    for (const kernel::KnobInfo& k : kernel::knobs()) names.push_back(k.name);
    problem(problems, n, fmt::format("{} is not a knob of the kernel{}", scenarios::quoted(n.text), suggestion(n.text, names)));
  }
  if (!scenario.variants.empty() && !scenario.variants.front().kernel.enabled)
    problem(problems, n, "a knob needs a kernel section");
}

Mutation read_mutation(const Node& n, Problems& problems, const Scenario& scenario) {
  Mutation m;
  const MapReader map(n, mutation_section(), problems);
  const Node* knob = map.find("knob");
  const Node* name = map.find("name");
  const Node* by = map.find("by");
  if (n.kind == Node::Kind::Map && ((knob == nullptr) == (name == nullptr) || (name == nullptr) != (by == nullptr)))
    problem(problems, n, "a mutation is a knob of the kernel, or has a name and the variant that has it (by)");
  if (knob != nullptr) read_knob(*knob, problems, scenario, m);
  if (name != nullptr) assign(m.name, read_identifier(*name, problems, "name"));
  if (by != nullptr) m.by = read_variant(*by, problems, scenario);
  if (const Node* on = map.find("variant")) {
    assign(m.on, read_variant(*on, problems, scenario));
  } else if (scenario.variants.size() > 1) {
    problem(problems, n, "variant names the one without the fault");
  }
  if (const Node* v = map.find("masked")) assign(m.masked, read_text(*v, problems, "masked"));
  return m;
}

}  // namespace

const Section& mutation_section() {
  static const Section s{"mutation", {"knob", "name", "variant", "by", "masked"}};
  return s;
}

void read_mutations(const Node& n, Problems& problems, Scenario& scenario) {
  if (n.kind != Node::Kind::Sequence || n.items.empty() || n.items.size() > kMaxMutations) {
    problem(problems, n, "mutations is a list of knobs of the kernel and faults of the program, not " + describe(n));
    return;
  }
  for (const Node& item : n.items) scenario.mutations.push_back(read_mutation(item, problems, scenario));
}

}  // namespace isobar::scenarios
