// From listed code to a scenario: blocks of a listing as the threads of a machine, with an environment of their own.
//
// Native: a thread calls a function as C does and ends when it returns; what it calls is laid out with it, at the
// addresses of the listing. FEX: a thread runs one translated block with the guest's registers where FEX keeps them,
// the state block at X28, a guest stack and a host stack, goes on in blocks that it is to follow, and ends where it leaves
// for other code.
#pragma once

#include <string>
#include <vector>

#include "scenarios/import/code_listing.h"
#include "scenarios/import/guest.h"

namespace isobar::scenarios {

enum class CodeEnvironment : u8 { Native, Fex };

struct CodeScenarioOptions {
  GuestOptions guest;
  /// NAME=BLOCK or BLOCK; a block is named by its symbol or by its address (FEX dumps: of the guest) after 0x.
  std::vector<std::string> threads;
  CodeEnvironment environment = CodeEnvironment::Native;
  /// FEX: blocks where a thread goes on when a block leaves for their guest address.
  std::vector<std::string> follow;
  /// FEX: BLOCK=TARGET[,TARGET...]: where the exits of a block go that are taken through a literal, in their order; the log
  /// does not show it. `-` leaves the translated code.
  std::vector<std::string> links;
};

/// YAML text of the scenario. Throws InputError with the line of the listing: no such block, a branch or call to code
/// that the listing does not have, a helper without `stub_helpers`, a literal that is not listed.
std::string code_scenario(const std::vector<CodeBlock>& blocks, const std::string& file, const CodeScenarioOptions& options);

/// One line per block: line, address (of the guest, if known), words, barriers, name.
std::string list_code(const std::vector<CodeBlock>& blocks);

}  // namespace isobar::scenarios
