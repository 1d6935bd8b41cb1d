# Puts kernel-shim/asm/*.S into the kernel library as one string.
file(GLOB shim_asm CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/asm/*.S)
list(SORT shim_asm)
set(shim_literals "")
foreach(file ${shim_asm})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  string(APPEND shim_literals "R\"S(${text})S\"\n")
endforeach()
set(shim_embedded ${PROJECT_BINARY_DIR}/kernel-shim/asm_text.cpp)
file(CONFIGURE OUTPUT ${shim_embedded} @ONLY CONTENT "// Made from kernel-shim/asm/*.S by kernel-shim/embed.cmake.
#include \"kernel-shim/asm_text.h\"

namespace isobar::kernel {
std::string_view asm_text() {
  static constexpr char text[] = @shim_literals@;
  return {text, sizeof text - 1};
}
}  // namespace isobar::kernel
")
target_sources(isobar_kernel PRIVATE ${shim_embedded})
