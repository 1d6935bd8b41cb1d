#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/schema/schema_text.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/schema_reference.h"

namespace isobar::tools {

namespace {

struct DocOptions {
  std::string section;
  bool schema = false;
};

ExitStatus print_reference(const DocOptions& options) {
  if (options.schema) {
    std::fwrite(scenarios::schema_text().data(), 1, scenarios::schema_text().size(), stdout);
    return ExitStatus::AsExpected;
  }
  const nlohmann::ordered_json schema = nlohmann::ordered_json::parse(scenarios::schema_text());
  const std::vector<std::string> sections = schema_sections(schema);
  std::string out, known;
  if (options.section.empty()) out = "# Scenario format\n\n" + schema.at("description").get<std::string>() + "\n\n";
  for (const std::string& section : sections) {
    if (options.section.empty() || options.section == section) out += schema_section(schema, section);
    known += (known.empty() ? "" : ", ") + section;
  }
  if (out.empty()) throw InputError(Diagnostic{{}, "there is no section '" + options.section + "'; expected " + known});
  std::printf("%s", out.c_str());
  return ExitStatus::AsExpected;
}

}  // namespace

void add_doc(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("doc", "The reference of the scenario format, made from its schema");
  auto options = std::make_shared<DocOptions>();
  sub->add_option("SECTION", options->section, "One section only: scenario, machine, thread ... (default: all)")
      ->type_name("");
  sub->add_flag("--schema", options->schema, "The JSON Schema itself, for editors and validators");
  sub->callback([&chosen, options] { chosen = [options] { return print_reference(*options); }; });
}

}  // namespace isobar::tools
