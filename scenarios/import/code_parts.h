// What scenarios made of listed code have in common: threads that start in blocks, words as text.
#pragma once

#include <string>
#include <vector>

#include "scenarios/import/code_scenario.h"

namespace isobar::scenarios {

inline constexpr u64 kCodeStackBytes = 512;

/// A thread and the block it starts in.
struct CodeThread {
  std::string name;
  const CodeBlock* block = nullptr;
};

/// InputError at a line of the listing.
[[noreturn]] void fail_at(const std::string& file, u32 line, const std::string& message);

/// A block by its symbol or 0x address (of the guest, if known). Throws InputError.
const CodeBlock& find_code_block(const std::vector<CodeBlock>& blocks, const std::string& file, const std::string& name);

/// One instruction of a scenario's text.
std::string word_yaml(u32 word, u64 pc, const std::string& remark);
std::string stack_yaml(const std::string& name);
std::string code_header(const CodeScenarioOptions& options, const std::string& fallback, const std::string& text);
std::vector<std::string> names_of(const std::vector<CodeThread>& threads);

/// FEX's environment; the scenario of code_scenario() for it.
std::string fex_scenario(const std::vector<CodeBlock>& blocks, const std::vector<CodeThread>& threads, const std::string& file,
                         const CodeScenarioOptions& options);

}  // namespace isobar::scenarios
