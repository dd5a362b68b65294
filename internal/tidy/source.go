package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// File is a Go file of the module, whatever system it is for.
type File struct {
	Path    string // from the root, with slashes
	Test    bool
	Imports []string
	Text    string
	AST     *ast.File
}

// Dir is the file's package directory from the root, "." for the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Files reads every Go file of the module that root contains, nested modules left out.
func Files(root string) ([]*File, error) {
	var files []*File
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := readFile(fset, root, name)
		if err == nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
}

// enter skips directories that are not of the module.
func enter(root, dir string) error {
	base := filepath.Base(dir)
	if dir == root {
		return nil
	}
	if base == "testdata" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func readFile(fset *token.FileSet, root, name string) (*File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	f := &File{Path: filepath.ToSlash(rel), Test: strings.HasSuffix(name, "_test.go"), Text: string(text), AST: tree}
	for _, spec := range tree.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		f.Imports = append(f.Imports, p)
	}
	return f, nil
}

// Exported lists what files declare for others: "Name", and "Type.Member" for methods and
// fields, promoted ones of a struct embedded by name included.
func Exported(files []*File) map[string]bool {
	names, embeds := map[string]bool{}, map[string][]string{}
	for _, f := range files {
		for _, decl := range f.AST.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				names[receiver(decl)+decl.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					addSpec(names, embeds, spec)
				}
			}
		}
	}
	promote(names, embeds)
	return names
}

// promote gives types the members of what they embed, one level deep.
func promote(names map[string]bool, embeds map[string][]string) {
	for outer, inners := range embeds {
		for _, inner := range inners {
			for name := range names {
				if member, ok := strings.CutPrefix(name, inner+"."); ok {
					names[outer+"."+member] = true
				}
			}
		}
	}
}

// receiver is "Type." for a method, "" for a function.
func receiver(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return ""
	}
	typ := decl.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return "?."
}

func addSpec(names map[string]bool, embeds map[string][]string, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range spec.Names {
			names[id.Name] = true
		}
	case *ast.TypeSpec:
		names[spec.Name.Name] = true
		if st, ok := spec.Type.(*ast.StructType); ok {
			addFields(names, embeds, spec.Name.Name, st)
		}
		if it, ok := spec.Type.(*ast.InterfaceType); ok {
			for _, m := range it.Methods.List {
				for _, id := range m.Names {
					names[spec.Name.Name+"."+id.Name] = true
				}
			}
		}
	}
}

func addFields(names map[string]bool, embeds map[string][]string, typ string, st *ast.StructType) {
	for _, field := range st.Fields.List {
		if id, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 {
			embeds[typ] = append(embeds[typ], id.Name)
		}
		for _, id := range field.Names {
			names[typ+"."+id.Name] = true
		}
	}
}
