// Sequences of a mapping with their placeholders filled in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scenarios/import/litmus.h"
#include "scenarios/mapping/mapping.h"

namespace isobar::scenarios {

/// Values of placeholders by name.
using MappingValues = std::map<std::string, std::string, std::less<>>;

/// What an operation on `size` bytes (1 to 16) is expanded with if nothing else is said: {b} the suffix of
/// mnemonics (b, h or nothing), and the temporaries.
MappingValues common_values(unsigned size);

/// "W17" or "X17", as wide as an operation on `size` bytes needs.
std::string host_register(unsigned number, unsigned size);

/// Appends the instructions and labels to `out`; labels get `prefix`, so that a sequence may be used twice.
/// `where` becomes the place of every instruction; without it each has its place in the mapping. Throws
/// InputError for a placeholder without a value.
void expand(const MappingSequence& sequence, const MappingValues& values, const std::string& prefix,
            std::optional<LitmusPosition> where, const std::string& mapping_file, LitmusThread& out);

/// Is it DMB, DSB or ISB?
bool is_barrier(std::string_view instruction);

/// An A64 instruction that only computes: no memory, no control flow, no barrier.
bool is_computation(std::string_view instruction);

}  // namespace isobar::scenarios
