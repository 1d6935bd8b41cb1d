# Puts kernel-shim/asm/*.S into the kernel library as one string, and the kernel below unmodified programs, asm-user/*.S
# behind the macros of asm/, as another.
function(shim_literals result)
  set(literals "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND literals "R\"S(${text})S\"\n")
  endforeach()
  set(${result} "${literals}" PARENT_SCOPE)
endfunction()

set(shim_asm_folder ${CMAKE_CURRENT_LIST_DIR}/asm)
file(GLOB shim_asm CONFIGURE_DEPENDS ${shim_asm_folder}/*.S)
list(SORT shim_asm)
file(GLOB shim_user_asm CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/asm-user/*.S)
list(SORT shim_user_asm)
shim_literals(shim_text ${shim_asm})
shim_literals(shim_user_text ${shim_asm_folder}/00-layout.S ${shim_asm_folder}/05-sched-macros.S ${shim_user_asm})
set(shim_embedded ${PROJECT_BINARY_DIR}/kernel-shim/asm_text.cpp)
file(CONFIGURE OUTPUT ${shim_embedded} @ONLY CONTENT "// Made from kernel-shim/asm*/*.S by kernel-shim/embed.cmake.
#include \"kernel-shim/asm_text.h\"

namespace isobar::kernel {
std::string_view asm_text() {
  static constexpr char text[] = @shim_text@;
  return {text, sizeof text - 1};
}
std::string_view user_asm_text() {
  static constexpr char text[] = @shim_user_text@;
  return {text, sizeof text - 1};
}
}  // namespace isobar::kernel
")
target_sources(isobar_kernel PRIVATE ${shim_embedded})
