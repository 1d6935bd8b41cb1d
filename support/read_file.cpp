#include "support/read_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/diagnostic.h"

namespace isobar {

std::string read_file(const std::string& path) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, error))
    throw InputError(Diagnostic{{path, 0, 0}, "cannot read the file"});
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw InputError(Diagnostic{{path, 0, 0}, "cannot read the file"});
  return text;
}

}  // namespace isobar
