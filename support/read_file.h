#pragma once

#include <string>

namespace isobar {

/// All bytes of a file. Throws InputError if it is a folder or cannot be read.
std::string read_file(const std::string& path);

}  // namespace isobar
