# How files of rows become libraries. Rows register from static initialisers, so each library is SHARED and linked whether or not anything
# refers to it: a static library would drop them silently.

# duel_row_library(NAME SOURCES… [DIRECTORY subfolder-of-lib] [FLAGS …])
function(duel_row_library name)
  cmake_parse_arguments(ROW "" "DIRECTORY" "SOURCES;FLAGS;LINK" ${ARGN})
  add_library(${name} SHARED ${ROW_SOURCES})
  target_link_libraries(${name} PRIVATE duel_kernels OpenMP::OpenMP_CXX ${ROW_LINK})
  if(ROW_FLAGS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${ROW_FLAGS}>)
  endif()
  if(ROW_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/${ROW_DIRECTORY})
  endif()
endfunction()

# The second compile of .cu files: as C++, for the simulated GPU, with the namespace renamed, so that no inline function of it can merge with
# the first compile's, in a library that exports nothing. LANGUAGE is a property per directory, so call this from a directory in which the
# same files are not also compiled by nvcc.
# CHECKED: every load and store of the kernels calls the checker (kernels/sim/checker/), by the hooks of a thread sanitizer that is not there.
# At -Og the compiler keeps accesses as they are written; from -O1 on it moves and splits them. With its blocks in the order of the source,
# program counters say which lanes of a warp are ahead (kernels/sim/checker/counters.h).
function(duel_sim_library name)
  cmake_parse_arguments(SIM "CHECKED" "" "SOURCES;CU" ${ARGN})
  set(flags -xc++)
  if(SIM_CHECKED)
    list(APPEND flags -Og -g -fno-reorder-blocks -fsanitize=thread,bounds-strict --param=tsan-instrument-func-entry-exit=0 -Wno-attributes)
  endif()
  set_source_files_properties(${SIM_CU} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "${flags}")
  add_library(${name} SHARED ${SIM_SOURCES} ${SIM_CU})
  if(SIM_CHECKED)
    target_compile_definitions(${name} PRIVATE DUEL_SIM DUEL_SIM_CHECKED duel=duel_sim_checked)
    target_include_directories(${name} SYSTEM PRIVATE ${LIBDW_INCLUDE_DIR})
    target_link_libraries(${name} PRIVATE ${LIBDW_LIBRARY})
  else()
    target_compile_definitions(${name} PRIVATE DUEL_SIM duel=duel_sim)
  endif()
  target_compile_options(${name} PRIVATE -Wno-unknown-pragmas -Wno-psabi)   # tensor maps are aligned to 64 bytes
  target_include_directories(${name} BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/kernels/sim/include)
  target_link_libraries(${name} PRIVATE duel_kernels Boost::context OpenMP::OpenMP_CXX)
  target_link_options(${name} PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/kernels/sim/exports.map)
  set_target_properties(${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF LINK_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/sim/exports.map)
endfunction()

# Links the row libraries into `target`'s users although they refer to no symbol of them. The option holds for the user's whole link line:
# bracketing each library (--push-state, --pop-state) does not work, because CMake drops repeated flags and leaves only the first bracketed.
function(duel_link_rows target)
  target_link_libraries(${target} INTERFACE ${ARGN})
  target_link_options(${target} INTERFACE LINKER:--no-as-needed)
endfunction()
