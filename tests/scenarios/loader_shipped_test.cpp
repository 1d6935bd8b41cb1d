// The scenarios that come with Isobar, and the schema and reference page of their format.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "explore/search.h"
#include "scenarios/loader/verdict.h"
#include "tests/scenarios/loader_support.h"

namespace isobar::scenarios {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ISOBAR_SOURCE_DIR;

std::vector<std::string> shipped() {
  std::vector<std::string> files;
  for (const auto& e : fs::recursive_directory_iterator(kRoot / "scenarios")) {
    if (e.path().extension() == ".yaml") files.push_back(e.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string contents(const fs::path& p) {
  std::ifstream in(p);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Shipped : public testing::TestWithParam<std::string> {};

TEST_P(Shipped, TeachesAndMeetsItsExpectations) {
  const Scenario s = load_scenario(GetParam());
  EXPECT_GE(s.description.size(), 60u) << "a description explains what the scenario shows";
  EXPECT_FALSE(s.expectations.empty());
  for (const Expectation& e : s.expectations) EXPECT_FALSE(e.why.empty()) << e.source.text;
  for (unsigned v = 0; v < s.variants.size(); ++v) {
    if (s.variants[v].run.how != How::Explore) continue;
    const Build b = build(s, v);
    const model::Machine machine(b.config, b.program);
    explore::SearchOptions options;
    options.max_states = s.variants[v].run.max_states;
    options.timeout_seconds = s.variants[v].run.timeout_seconds;
    options.witnesses = false;
    const explore::SearchResult found = explore::search(machine, b.observables, options);
    const Report r = judge(s, v, b, seen_by_search(found, found.status == explore::Status::Complete));
    EXPECT_EQ(r.verdict, Verdict::Pass) << render_text(r, s);
  }
}

std::string file_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = fs::relative(info.param, kRoot / "scenarios").replace_extension("").generic_string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(Files, Shipped, testing::ValuesIn(shipped()), file_name);

TEST(ShippedScenarios, NamesAreUnique) {
  std::map<std::string, std::string> seen;
  for (const std::string& file : shipped()) {
    const auto [it, fresh] = seen.emplace(load_scenario(file).name, file);
    EXPECT_TRUE(fresh) << file << " and " << it->second;
  }
}

TEST(ShippedScenarios, LoadInAFewMilliseconds) {
  load_scenario(shipped().front());
  std::vector<double> milliseconds;
  for (const std::string& file : shipped()) {
    const auto start = std::chrono::steady_clock::now();
    load_scenario(file);
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  // The median, because another process may take the processor at any time.
  EXPECT_LT(milliseconds[milliseconds.size() / 2], 20.0);
}

TEST(Schema, HasTheKeysThatTheLoaderAccepts) {
  const nlohmann::json schema =
      nlohmann::json::parse(contents(kRoot / "scenarios/schema/scenario.schema.json"));
  std::vector<std::string> closed;
  for (const auto& [name, definition] : schema.at("$defs").items()) {
    if (definition.contains("properties")) closed.push_back(name);
  }
  std::vector<std::string> sections;
  for (const Section& section : accepted_sections()) {
    sections.push_back(section.name);
    const nlohmann::json& definition = schema.at("$defs").at(section.name);
    EXPECT_EQ(definition.at("additionalProperties"), false) << section.name;
    std::vector<std::string> in_schema, in_loader = section.keys;
    for (const auto& [key, value] : definition.at("properties").items()) in_schema.push_back(key);
    std::sort(in_loader.begin(), in_loader.end());
    EXPECT_EQ(in_schema, in_loader) << section.name;
  }
  std::sort(sections.begin(), sections.end());
  EXPECT_EQ(closed, sections);
}

TEST(Schema, ShippedScenariosAreValid) {
  if (std::system("python3 -c 'import jsonschema, yaml' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "python3-jsonschema and python3-yaml are not installed";
  }
  std::string command = "python3 '" + (kRoot / "tests/scenarios/validate_schema.py").string() + "' '" +
                        (kRoot / "scenarios/schema/scenario.schema.json").string() + "'";
  for (const std::string& file : shipped()) command += " '" + file + "'";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Documentation, NamesEveryKey) {
  const std::string page = contents(kRoot / "docs/scenarios.md");
  for (const Section& section : accepted_sections()) {
    for (const std::string& key : section.keys) {
      EXPECT_NE(page.find("`" + key + "`"), std::string::npos) << section.name << ": " << key;
    }
  }
}

TEST(Documentation, ExamplesLoad) {
  const std::string page = contents(kRoot / "docs/scenarios.md");
  const std::string open = "```yaml\n", close = "```";
  unsigned examples = 0;
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
    at += open.size();
    const std::string text = page.substr(at, page.find(close, at) - at);
    if (text.find("\nthreads:") == std::string::npos) continue;
    const u32 line = static_cast<u32>(std::count(page.begin(), page.begin() + static_cast<long>(at), '\n'));
    ++examples;
    try {
      const Scenario s = parse_scenario(text, "docs/scenarios.md, example on line " + std::to_string(line));
      for (unsigned v = 0; v < s.variants.size(); ++v) build(s, v);
    } catch (const InputError& e) {
      ADD_FAILURE() << e.what();
    }
  }
  EXPECT_GE(examples, 3u);
}

}  // namespace
}  // namespace isobar::scenarios
