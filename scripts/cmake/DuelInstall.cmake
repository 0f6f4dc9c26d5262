# cmake --install: libraries, headers under include/duel (so that "kernels/registry.h" is spelled as in the tree), programs as duel-<name>, and
# what find_package(duel) reads. Linking duel::kernels from an installed tree brings every row along, as it does in this one.
include(CMakePackageConfigHelpers)

set(duel_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/duel)

# The libraries. Those for one CPU level stay in the folder where the loader looks for them and are no targets: nothing links to them.
set(exported "")
foreach(target ${DUEL_KERNEL_TARGETS} ${DUEL_ROW_LIBRARIES} duel_rows duel_engine duel_models duel_augment)
  if(NOT TARGET ${target} OR target IN_LIST exported)
    continue()
  endif()
  if(target MATCHES "^duel_cpu_(v[0-9])$")
    set(level_dir ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/x86-64-${CMAKE_MATCH_1})
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/../.." INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${target} LIBRARY DESTINATION ${level_dir})
    continue()
  endif()
  list(APPEND exported ${target})
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    # Libraries from unusual places (a CUDA toolkit, an unpacked bundle) are found again after installing.
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
  endif()
endforeach()
set_target_properties(duel_rows PROPERTIES EXPORT_NAME kernels)
foreach(target engine models augment)
  if(TARGET duel_${target})
    set_target_properties(duel_${target} PROPERTIES EXPORT_NAME ${target})
  endif()
endforeach()
install(TARGETS ${exported} EXPORT duelTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

foreach(dir kernels engine models augment)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${dir} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/duel
          FILES_MATCHING PATTERN "*.h" PATTERN "sim/include" EXCLUDE)
endforeach()

# The programs. They are renamed while installing, so each is linked with the search path of its installed place, which suits the build tree
# as well: there too the libraries are in ../lib.
foreach(dir apps bench)
  if(NOT IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${dir} OR (dir STREQUAL "bench" AND NOT DUEL_BENCH))
    continue()
  endif()
  get_property(programs DIRECTORY ${PROJECT_SOURCE_DIR}/${dir} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(program ${programs})
    get_target_property(type ${program} TYPE)
    if(NOT type STREQUAL "EXECUTABLE")
      continue()
    endif()
    string(REPLACE "_" "-" name ${program})
    set_target_properties(${program} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../lib" INSTALL_RPATH_USE_LINK_PATH ON)
    install(PROGRAMS $<TARGET_FILE:${program}> DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME duel-${name})
  endforeach()
endforeach()

# The exported libraries name the shared libraries that they were linked with, so those targets have to exist where Duel is used.
set(DUEL_CONFIG_DEPENDENCIES "find_dependency(fmt)\n")
if(DUEL_SIM)
  string(APPEND DUEL_CONFIG_DEPENDENCIES "find_dependency(Boost 1.74 COMPONENTS context)\n")
endif()
if(DUEL_CUDA_FOUND)
  string(APPEND DUEL_CONFIG_DEPENDENCIES "find_dependency(CUDAToolkit)\n")
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/scripts/cmake/duelConfig.cmake.in ${PROJECT_BINARY_DIR}/duelConfig.cmake
                              INSTALL_DESTINATION ${duel_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/duelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/duelConfig.cmake ${PROJECT_BINARY_DIR}/duelConfigVersion.cmake DESTINATION ${duel_cmake_dir})
install(EXPORT duelTargets NAMESPACE duel:: DESTINATION ${duel_cmake_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/duel)
