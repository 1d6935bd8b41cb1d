#include "tools/mapping_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tools/files.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {

namespace fs = std::filesystem;

constexpr double kJudgeSeconds = 60;

bool is_data_folder(const fs::path& p) {
  std::error_code e;
  return fs::is_directory(p / "mappings", e) && fs::is_directory(p / "scenarios" / "x86", e);
}

std::vector<std::string> names_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& f : files) names.push_back(stem(f));
  return names;
}

}  // namespace

X86Test parse_x86_test(const std::string& text, const std::string& file) {
  const scenarios::LitmusTest litmus = scenarios::parse_litmus(text, file);
  if (!scenarios::is_x86(litmus)) {
    throw InputError(Diagnostic{
        {file, 1, 1}, fmt::format("expected a test for X86_64, this one is for {}", litmus.architecture)});
  }
  X86Test t;
  t.file = file;
  t.name = litmus.name;
  t.program = std::make_shared<scenarios::X86Program>(scenarios::build_x86(litmus));
  const scenarios::X86SearchResult found =
      scenarios::search_x86(*t.program, {0, kJudgeSeconds, &interrupt_flag()});
  t.states = scenarios::state_texts(*t.program, found);
  t.limit = found.reason;
  return t;
}

std::string data_folder() {
  std::error_code e;
  for (fs::path start : {fs::current_path(e), fs::read_symlink("/proc/self/exe", e).parent_path()}) {
    for (fs::path p = start; !p.empty(); p = p.parent_path()) {
      if (is_data_folder(p)) return p.string();
      if (is_data_folder(p / "share" / "isobar")) return (p / "share" / "isobar").string();
      if (p == p.parent_path()) break;
    }
  }
  throw InputError(Diagnostic{
      {"mappings", 0, 0}, "no folder with mappings/ and scenarios/x86/ at or above the current directory"});
}

scenarios::Mapping find_mapping(const std::string& name) {
  std::error_code e;
  if (fs::is_regular_file(name, e)) return scenarios::load_mapping(name);
  const std::string folder = data_folder() + "/mappings";
  const std::string file = folder + "/" + name + ".yaml";
  if (fs::is_regular_file(file, e)) return scenarios::load_mapping(file);
  std::string known;
  for (const std::string& n : names_of(expand_paths({folder}, {".yaml"})))
    known += (known.empty() ? "" : ", ") + n;
  throw InputError(
      Diagnostic{{name, 0, 0}, fmt::format("there is no such mapping; expected a file or one of {}", known)});
}

std::vector<scenarios::Mapping> all_mappings() {
  std::vector<scenarios::Mapping> all;
  for (const std::string& file : expand_paths({data_folder() + "/mappings"}, {".yaml"}))
    all.push_back(scenarios::load_mapping(file));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

std::vector<std::string> find_tests(const std::vector<std::string>& names) {
  if (names.empty()) return expand_paths({data_folder() + "/scenarios/x86"}, {".litmus"});
  std::vector<std::string> paths;
  for (const std::string& n : names) {
    std::error_code e;
    const bool here = n == "-" || fs::exists(n, e);
    const std::string shipped = here ? n : data_folder() + "/scenarios/x86/" + n + ".litmus";
    paths.push_back(here || !fs::exists(shipped, e) ? n : shipped);
  }
  return expand_paths(paths, {".litmus"});
}

}  // namespace isobar::tools
