// The rules between folders, checked on the sources themselves: who may include whom, no include cycles, size
// of files, no unfinished work.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ISOBAR_SOURCE_DIR;

/// Longest file that a reader is asked to take in at once.
constexpr std::size_t kMaxLines = 600;

/// Product folders and the folders each may include. A folder may always include itself. Parts of `model` are
/// listed one by one; `scenarios` and `tools` stand for all their subfolders.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::set<std::string> core = {"support",       "isa",          "trace",        "model/state",
                                             "model/storage", "model/thread", "model/machine"};
  auto with = [](std::set<std::string> base, const std::set<std::string>& more) {
    base.insert(more.begin(), more.end());
    return base;
  };
  static const std::map<std::string, std::set<std::string>> rules = {
      {"support", {}},
      {"isa", {"support"}},
      {"functional", {"support", "isa"}},
      {"linux-user", {"support", "isa", "functional"}},
      {"linux-detailed", with(core, {"functional", "linux-user", "kernel-shim", "model/systemc"})},
      {"trace", {"support", "isa"}},
      // The machine state contains the storage state, and both need the configuration: one layer in two
      // folders.
      {"model/state", {"support", "isa", "trace", "model/storage"}},
      {"model/storage", {"support", "isa", "trace", "model/state"}},
      {"model/thread", {"support", "isa", "trace", "model/state", "model/storage"}},
      {"model/machine", {"support", "isa", "trace", "model/state", "model/storage", "model/thread"}},
      {"model/systemc", core},
      {"kernel-shim", core},
      {"explore", core},
      {"axiomatic", {"support", "isa", "trace"}},
      {"hunt", with(core, {"explore", "axiomatic"})},
      {"linux-hunt", {"support", "isa", "functional", "linux-user", "explore", "hunt"}},
      {"crosscheck", with(core, {"axiomatic"})},
      {"scenarios", with(core, {"kernel-shim"})},
      {"session", with(core, {"kernel-shim", "explore", "scenarios"})},
      {"serve", with(core, {"kernel-shim", "explore", "scenarios", "session"})},
      {"wasm", {"support", "isa", "explore", "scenarios", "session", "serve", "tools"}},
      {"viewers", with(core, {"kernel-shim", "explore", "scenarios", "session"})},
      {"gdb", with(core, {"kernel-shim", "explore", "scenarios", "session", "viewers"})},
      {"tools", with(core, {"model/systemc", "kernel-shim", "explore", "axiomatic", "hunt", "crosscheck", "scenarios", "session", "viewers", "gdb",
                             "functional", "linux-user", "linux-hunt", "linux-detailed", "serve"})},
  };
  return rules;
}

struct Include {
  std::size_t line = 0;
  std::string target;
  bool quoted = false;
};

struct Source {
  std::string path;  ///< relative to the root
  std::vector<std::string> lines;
  std::vector<Include> includes;
};

bool is_source(const fs::path& p) {
  static const std::set<std::string> extensions = {".cpp", ".h", ".inc", ".def"};
  return extensions.count(p.extension().string()) != 0;
}

/// The layer of a path such as "model/thread/read.cpp"; empty outside the product folders.
std::string layer_of(const std::string& path) {
  std::string best;
  for (const auto& [folder, targets] : allowed()) {
    if (path.compare(0, folder.size() + 1, folder + "/") == 0 && folder.size() > best.size()) best = folder;
  }
  return best;
}

Source read(const fs::path& file) {
  Source s;
  s.path = fs::relative(file, kRoot).generic_string();
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    s.lines.push_back(line);
    std::istringstream words(line);
    std::string first, target;
    words >> first >> target;
    if (first == "#") {
      words.clear();
      first += target;
      words >> target;
    }
    if (first != "#include" || target.size() < 3) continue;
    s.includes.push_back({s.lines.size(), target.substr(1, target.size() - 2), target.front() == '"'});
  }
  return s;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = [] {
    std::vector<Source> found;
    for (const char* top : {"support", "isa", "functional", "linux-user", "linux-hunt", "linux-detailed", "trace", "model", "kernel-shim",
                            "explore", "axiomatic", "hunt", "scenarios", "session", "viewers", "gdb", "serve", "wasm", "tools", "bench", "tests"}) {
      if (!fs::exists(kRoot / top)) continue;
      for (const auto& e : fs::recursive_directory_iterator(kRoot / top)) {
        if (e.is_regular_file() && is_source(e.path())) found.push_back(read(e.path()));
      }
    }
    std::sort(found.begin(), found.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
    return found;
  }();
  return all;
}

std::string at(const Source& s, std::size_t line) {
  return s.path + ":" + std::to_string(line) + ": ";
}

TEST(Layers, SourcesAreFound) {
  std::set<std::string> seen;
  for (const Source& s : sources()) seen.insert(layer_of(s.path));
  for (const char* layer : {"support", "isa", "trace", "model/state", "model/storage", "explore", "session", "tools"}) {
    EXPECT_TRUE(seen.count(layer)) << layer;
  }
}

TEST(Layers, EveryProductFileBelongsToALayer) {
  for (const Source& s : sources()) {
    if (s.path.rfind("tests/", 0) == 0 || s.path.rfind("bench/", 0) == 0) continue;
    EXPECT_FALSE(layer_of(s.path).empty()) << s.path << " is in a folder without a rule";
  }
}

TEST(Layers, QuotedIncludesAreRelativeToTheRootAndExist) {
  for (const Source& s : sources()) {
    for (const Include& i : s.includes) {
      EXPECT_TRUE(!i.quoted || fs::exists(kRoot / i.target)) << at(s, i.line) << i.target;
    }
  }
}

TEST(Layers, FoldersIncludeOnlyLowerFolders) {
  for (const Source& s : sources()) {
    const std::string from = layer_of(s.path);
    if (from.empty()) continue;
    for (const Include& i : s.includes) {
      if (!i.quoted) continue;
      const std::string to = layer_of(i.target);
      EXPECT_TRUE(to == from || allowed().at(from).count(to))
          << at(s, i.line) << from << " must not include " << i.target;
    }
  }
}

TEST(Layers, OnlyThePlatformSeesSystemC) {
  for (const Source& s : sources()) {
    if (s.path.rfind("model/systemc/", 0) == 0 || s.path.rfind("tests/systemc/", 0) == 0) continue;
    for (const Include& i : s.includes) {
      EXPECT_TRUE(i.target.rfind("systemc", 0) != 0 && i.target.rfind("tlm", 0) != 0 &&
                  i.target.rfind("sysc", 0) != 0)
          << at(s, i.line) << i.target;
    }
  }
}

TEST(Layers, IncludesHaveNoCycle) {
  std::map<std::string, const Source*> by_path;
  for (const Source& s : sources()) by_path[s.path] = &s;
  enum class Mark { New, Open, Done };
  std::map<std::string, Mark> mark;
  std::vector<std::string> chain;
  std::function<void(const std::string&)> visit = [&](const std::string& path) {
    chain.push_back(path);
    mark[path] = Mark::Open;
    for (const Include& i : by_path.at(path)->includes) {
      if (!i.quoted || !by_path.count(i.target)) continue;
      if (mark[i.target] == Mark::Open) {
        std::string cycle;
        for (auto it = std::find(chain.begin(), chain.end(), i.target); it != chain.end(); ++it)
          cycle += *it + " -> ";
        ADD_FAILURE() << cycle << i.target;
      } else if (mark[i.target] == Mark::New) {
        visit(i.target);
      }
    }
    mark[path] = Mark::Done;
    chain.pop_back();
  };
  for (const Source& s : sources()) {
    if (mark[s.path] == Mark::New) visit(s.path);
  }
}

TEST(Files, AreShortEnoughToRead) {
  for (const Source& s : sources()) {
    // A table with one line per entry (.inc) is looked up, not read from end to end.
    const bool table = fs::path(s.path).extension() == ".inc";
    EXPECT_TRUE(table || s.lines.size() <= kMaxLines) << s.path << " has " << s.lines.size() << " lines";
  }
}

TEST(Files, HoldNoUnfinishedWork) {
  // Spelt in two halves so that this file does not find itself.
  const std::string words[] = {std::string("TO") + "DO", std::string("FIX") + "ME", std::string("XX") + "X:"};
  for (const Source& s : sources()) {
    for (std::size_t n = 0; n < s.lines.size(); ++n) {
      for (const std::string& w : words) {
        EXPECT_EQ(s.lines[n].find(w), std::string::npos) << at(s, n + 1) << s.lines[n];
      }
    }
  }
}

TEST(Files, HeadersAreGuarded) {
  for (const Source& s : sources()) {
    if (fs::path(s.path).extension() != ".h") continue;
    EXPECT_NE(std::find(s.lines.begin(), s.lines.end(), "#pragma once"), s.lines.end()) << s.path;
  }
}

}  // namespace
