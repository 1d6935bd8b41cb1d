// Files and folders that the user names on the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isobar::tools {

/// Replaces every folder by the files below it that end in one of `extensions` (such as ".yaml"), sorted by
/// name; files named by the user are kept whatever they are called. Throws InputError for a path that does
/// not exist, a folder without such a file, and anything that is neither.
std::vector<std::string> expand_paths(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& extensions);

/// The whole file. "-" is standard input. Throws InputError if it cannot be read or is larger than 256 MiB.
std::string read_file(const std::string& path);

/// Writes the whole file: either it has all of `content` afterwards or it is as it was. Throws InputError.
/// "-" is standard output.
void write_file(const std::string& path, std::string_view content);

/// "a/b/MP.litmus" is "MP".
std::string stem(const std::string& path);

bool has_extension(const std::string& path, std::string_view extension);

}  // namespace isobar::tools
