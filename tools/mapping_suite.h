// Where mappings and x86 tests come from.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scenarios/import/x86_machine.h"
#include "scenarios/mapping/mapping.h"

namespace isobar::tools {

/// An x86 test with what x86-TSO allows.
struct X86Test {
  std::string file, name;
  std::shared_ptr<const scenarios::X86Program> program;
  std::set<std::string> states;
  std::string limit;  ///< why `states` is a part; empty: it is all
};

/// Throws InputError as build_x86() does, and for a test of another architecture.
X86Test parse_x86_test(const std::string& text, const std::string& file);

/// The folder that holds `mappings` and `scenarios/x86`: that of the current directory, or of a folder above
/// it or above the program. Throws InputError if there is none.
std::string data_folder();

/// A mapping by the path of its file, or by its name in mappings/. Throws InputError.
scenarios::Mapping find_mapping(const std::string& name);
/// All shipped mappings, by name.
std::vector<scenarios::Mapping> all_mappings();

/// Files of x86 tests: paths, folders, or names in scenarios/x86. All of scenarios/x86 if `names` is empty.
std::vector<std::string> find_tests(const std::vector<std::string>& names);

}  // namespace isobar::tools
